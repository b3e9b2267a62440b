/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * U-Boot's legacy image format, "uImage": a header of 64 bytes, all fields
 * big-endian, then the data; include/image.h of U-Boot, struct legacy_img_hdr.
 * Listed in table.c.
 *
 *	+0	magic 0x27051956	+28	operating system, u8
 *	+4	CRC of the header	+29	architecture, u8
 *	+8	time			+30	type, u8
 *	+12	length of the data	+31	compression, u8
 *	+16	load address		+32	name, 32 characters
 *	+20	entry point
 *	+24	CRC of the data
 *
 * Only the wrapper comes off here; if the data is packed, the format's own
 * container follows.  The load address is U-Boot's business: the kernel's own
 * header says where it wants to be.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "container.h"

#define UIMAGE_MAGIC	0x27051956u
#define HEADER_LEN	64
#define HEADER_CRC_OFF	4

#define OS_LINUX	5
#define TYPE_KERNEL	2
#define TYPE_MULTI	4	/* several files in one */
#define TYPE_KERNEL_NOLOAD	14	/* runs from where it is */

/* enum of IH_COMP_*, include/image.h */
static const struct uimage_comp {
	const char *name;
	const struct kx_codec *codec;
	bool supported;
} uimage_comps[] = {
	{ "none", NULL, true },
	{ "gzip", &kx_codec_gzip, true },
	{ "bzip2", NULL, false },
	{ "lzma", &kx_codec_lzma, true },
	{ "lzo", NULL, false },
	{ "lz4", &kx_codec_lz4, true },
	{ "zstd", &kx_codec_zstd, true },
};

#define COMPS	(sizeof(uimage_comps) / sizeof(uimage_comps[0]))

struct header {
	uint32_t header_crc, len, data_crc;
	uint8_t os, type, comp;
};

static bool uimage_probe(struct kx_bytes b)
{
	uint32_t magic;

	return kx_bytes_be32(b, 0, &magic) && magic == UIMAGE_MAGIC;
}

/* The header's fields, its own CRC checked: "with the CRC field set to 0". */
static int read_header(struct kx_bytes b, struct header *ret, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_BE);
	uint8_t copy[HEADER_LEN];
	struct kx_bytes all;
	uint32_t crc;

	all = kx_rd_bytes(&rd, HEADER_LEN);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "header: expected 0x%x bytes, have 0x%zx",
				  HEADER_LEN, b.len);
	kx_rd_seek(&rd, HEADER_CRC_OFF);
	ret->header_crc = kx_rd_u32(&rd);
	kx_rd_seek(&rd, 12);
	ret->len = kx_rd_u32(&rd);
	kx_rd_seek(&rd, 24);
	ret->data_crc = kx_rd_u32(&rd);
	ret->os = kx_rd_u8(&rd);
	kx_rd_skip(&rd, 1);
	ret->type = kx_rd_u8(&rd);
	ret->comp = kx_rd_u8(&rd);

	memcpy(copy, all.data, HEADER_LEN);
	memset(copy + HEADER_CRC_OFF, 0, 4);
	crc = (uint32_t)crc32_z(0, copy, HEADER_LEN);
	if (crc != ret->header_crc)
		return kx_err_set(err, EBADMSG, "header checksum: expected 0x%x, have 0x%x",
				  ret->header_crc, crc);
	return 0;
}

static int check_header(const struct header *h, struct kx_err *err)
{
	if (h->type == TYPE_MULTI)
		return kx_err_set(err, EOPNOTSUPP,
				  "type: images of several files are not supported");
	if (h->type != TYPE_KERNEL && h->type != TYPE_KERNEL_NOLOAD)
		return kx_err_set(err, ENOEXEC, "type: expected %u or %u (kernel), have %u",
				  TYPE_KERNEL, TYPE_KERNEL_NOLOAD, h->type);
	if (h->os != OS_LINUX)
		return kx_err_set(err, EOPNOTSUPP, "operating system: expected %u (Linux), have %u",
				  OS_LINUX, h->os);
	if (h->comp >= COMPS)
		return kx_err_set(err, EOPNOTSUPP, "compression: expected at most %zu, have %u",
				  COMPS - 1, h->comp);
	if (!uimage_comps[h->comp].supported)
		return kx_err_set(err, EOPNOTSUPP, "compression: %s is not supported",
				  uimage_comps[h->comp].name);
	return 0;
}

/* What follows the data is ignored: images are read from larger partitions. */
static int check_data(struct kx_bytes b, const struct header *h, struct kx_bytes *ret,
		      struct kx_err *err)
{
	const struct uimage_comp *comp = &uimage_comps[h->comp];
	struct kx_bytes data;
	uint32_t crc;

	if (!kx_bytes_sub(b, HEADER_LEN, h->len, &data))
		return kx_err_set(err, ENOEXEC,
				  "data: expected 0x%x bytes behind the header, have 0x%zx", h->len,
				  b.len - HEADER_LEN);
	crc = (uint32_t)crc32_z(0, data.data, data.len);
	if (crc != h->data_crc)
		return kx_err_set(err, EBADMSG, "data checksum: expected 0x%x, have 0x%x",
				  h->data_crc, crc);
	if (comp->codec && !comp->codec->probe(data))
		return kx_err_set(err, ENOEXEC, "data: expected %s data, it does not start like that",
				  comp->name);
	*ret = data;
	return 0;
}

static int uimage_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		       struct kx_err *err)
{
	struct header h = { .len = 0 };
	int rc;

	(void)a;
	rc = read_header(b, &h, err);
	if (rc == 0)
		rc = check_header(&h, err);
	if (rc == 0)
		rc = check_data(b, &h, &ret->kernel, err);
	return rc;
}

const struct kx_container kx_container_uimage = {
	.name = "uImage",
	.probe = uimage_probe,
	.peel = uimage_peel,
};
