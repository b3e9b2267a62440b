/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of kexec/container: each codec and wrapper on its own, with a
 * small limit where a bomb would only cost time, and all of them in a row.
 */
#include <string.h>

#include "../../kexec/container/container.h"
#include "targets.h"
#include "../unit/forge.h"

#define OUTPUT_MAX	((uint64_t)1 << 20)

static void codec(const struct kx_codec *c, struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_bytes ret = KX_BYTES_NONE, copy;
	struct kx_arena a;
	int rc;

	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	if (c->probe(copy)) {
		rc = kx_codec_unpack(c, copy, in.len & 1 ? 4096 : 0, OUTPUT_MAX, &a, &ret, &err);
		fuzz_check(rc, &err);
		FUZZ_ASSERT(ret.len <= OUTPUT_MAX);
		fuzz_touch(ret);
	}
	kx_arena_deinit(&a);
}

void fuzz_gzip(struct kx_bytes in)
{
	codec(&kx_codec_gzip, in);
}

void fuzz_xz(struct kx_bytes in)
{
	codec(&kx_codec_xz, in);
}

void fuzz_lzma(struct kx_bytes in)
{
	codec(&kx_codec_lzma, in);
}

void fuzz_zstd(struct kx_bytes in)
{
	codec(&kx_codec_zstd, in);
}

void fuzz_lz4(struct kx_bytes in)
{
	codec(&kx_codec_lz4, in);
}

static void touch_payload(const struct kx_payload *p)
{
	fuzz_touch(p->kernel);
	fuzz_touch(p->initrd);
	fuzz_touch(p->dtb);
	fuzz_touch(p->cmdline);
	for (size_t i = 0; i < p->cmdline.len; i++)
		FUZZ_ASSERT(p->cmdline.data[i] >= ' ');
}

/* Refused payloads leave no trace. */
static void untouched(const struct kx_payload *p)
{
	static const struct kx_payload none;

	FUZZ_ASSERT(!memcmp(p, &none, sizeof(none)));
}

static void wrapper(const struct kx_container *c, struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_payload p;
	struct kx_arena a;
	struct kx_bytes copy;
	int rc;

	memset(&p, 0, sizeof(p));
	kx_arena_init(&a);
	copy = fuzz_copy(&a, in);
	if (c->probe(copy)) {
		rc = c->peel(copy, &a, &p, &err);
		fuzz_check(rc, &err);
		if (rc < 0)
			untouched(&p);
		touch_payload(&p);
	}
	kx_arena_deinit(&a);
}

void fuzz_zboot(struct kx_bytes in)
{
	wrapper(&kx_container_zboot, in);
}

void fuzz_uki(struct kx_bytes in)
{
	wrapper(&kx_container_uki, in);
}

/* A CRC keeps random changes out, so once more with both made right. */
void fuzz_uimage(struct kx_bytes in)
{
	struct kx_arena a;
	uint8_t *p;

	wrapper(&kx_container_uimage, in);
	if (in.len < 64)
		return;
	kx_arena_init(&a);
	p = kx_arena_alloc_raw(&a, in.len);
	FUZZ_ASSERT(p);
	memcpy(p, in.data, in.len);
	forge_be32_at(p + 24, (uint32_t)crc32_z(0, p + 64, in.len - 64));
	forge_uimage_crc(p);
	wrapper(&kx_container_uimage, (struct kx_bytes){ p, in.len });
	kx_arena_deinit(&a);
}

void fuzz_peel(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_payload p;
	struct kx_arena a;
	int rc;

	memset(&p, 0, sizeof(p));
	kx_arena_init(&a);
	/* In the arena, so that what is released too early is seen. */
	rc = kx_container_peel(fuzz_copy(&a, in), &a, &p, &err);
	fuzz_check(rc, &err);
	if (rc < 0)
		untouched(&p);
	FUZZ_ASSERT(p.layer_count <= KX_PEEL_MAX);
	touch_payload(&p);
	kx_arena_deinit(&a);
}
