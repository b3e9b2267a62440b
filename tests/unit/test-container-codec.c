/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compression formats (kexec/container/{gzip,xz,zstd,lz4,unpack}.c): what they
 * take, and for every check one damaged file with its message.
 */
#include "../../kexec/container/container.h"
#include "container-test.h"

static const struct packer {
	const char *layer;
	const struct kx_codec *codec;
	void (*pack)(struct forge *f, struct kx_bytes in);
	int streams;		/* several of them may follow each other */
	int strict;		/* garbage behind them is an error */
} packers[] = {
	{ "gzip", &kx_codec_gzip, forge_gzip, 1, 0 },
	{ "xz", &kx_codec_xz, forge_xz, 1, 1 },
	{ "lzma", &kx_codec_lzma, forge_lzma, 0, 1 },
	{ "zstd", &kx_codec_zstd, forge_zstd_complete, 1, 1 },
	{ "zstd", &kx_codec_zstd, forge_zstd_bare, 1, 1 },
	{ "lz4", &kx_codec_lz4, forge_lz4_sized, 1, 1 },
	{ "lz4", &kx_codec_lz4, forge_lz4_bare, 1, 1 },
	{ "lz4", &kx_codec_lz4, forge_lz4_legacy, 1, 1 },
};

#define PACKERS	(sizeof(packers) / sizeof(packers[0]))

/* Larger than every first guess of the room, and than one block of everything. */
static void test_large(void)
{
	struct forge content = FORGE_NONE;

	forge_content(&content, ((size_t)9 << 20) + 7);
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, forge_bytes(&content));
		check_kernel(&f, forge_bytes(&content), p->layer);
	}
	forge_free(&content);
}

/* Packs 1000 times: the room grows from a guess that is much too small. */
static void test_growth(void)
{
	struct forge content = FORGE_NONE;

	forge_room(&content, (size_t)4 << 20);
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, forge_bytes(&content));
		check_kernel(&f, forge_bytes(&content), p->layer);
	}
	forge_free(&content);
}

static void test_small(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, text_bytes("x"));
		check_kernel(&f, text_bytes("x"), p->layer);
	}
}

static void test_empty(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, text_bytes(""));
		check_kernel(&f, KX_BYTES_NONE, p->layer);
	}
}

static void test_several_streams(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		if (!p->streams)
			continue;
		p->pack(&f, text_bytes("one "));
		p->pack(&f, text_bytes("two "));
		p->pack(&f, text_bytes("three"));
		check_kernel(&f, text_bytes("one two three"), p->layer);
	}
}

/* Sections and partitions are padded. */
static void test_padding(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, text_bytes("kernel"));
		forge_room(&f, 509);
		check_kernel(&f, text_bytes("kernel"), p->layer);
	}
}

/* The kernel's "append_size", alone and followed by padding. */
static void test_size_word(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, text_bytes("kernel"));
		forge_le32(&f, 6);
		check_kernel(&f, text_bytes("kernel"), p->layer);
	}
}

static void test_garbage(void)
{
	static const char *const sentences[] = {
		NULL,
		"xz: behind the packed data at 0x3c: expected zeros or the end, have 0x67",
		"lzma: behind the packed data at 0x1d: expected zeros or the end, have 0x67",
		"zstd: behind the packed data at 0x13: expected zeros or the end, have 0x67",
		"zstd: behind the packed data at 0xf: expected zeros or the end, have 0x67",
		"lz4: behind the packed data at 0x21: expected zeros or the end, have 0x67",
		"lz4: behind the packed data at 0x19: expected zeros or the end, have 0x67",
		"lz4: legacy block at 0xf: expected at most 0x808090 bytes, have 0x62726167",
	};

	for (size_t i = 0; i < PACKERS; i++) {
		const struct packer *p = &packers[i];
		struct forge f = FORGE_NONE;

		p->pack(&f, text_bytes("kernel"));
		forge_str(&f, "garbage");
		if (p->strict)
			check_refused(&f, ENOEXEC, sentences[i]);
		else
			check_kernel(&f, text_bytes("kernel"), p->layer);
	}
}

/* However a file is cut off, it is never taken for a whole one. */
static void test_cut(void)
{
	struct forge content = FORGE_NONE;

	forge_content(&content, 300);
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE;

		p->pack(&f, forge_bytes(&content));
		for (size_t len = 0; len < f.len; len++) {
			struct kx_bytes ret = KX_BYTES_NONE, cut;
			struct kx_err err = { .code = 0 };
			struct kx_arena a;
			int rc;

			kx_arena_init(&a);
			cut = exact_copy(&a, (struct kx_bytes){ f.p, len });
			if (p->codec->probe(cut)) {
				rc = kx_codec_unpack(p->codec, cut, 0, 1 << 20, &a, &ret, &err);
				/* A legacy frame without blocks is whole, and empty. */
				CHECK(rc == -ENOEXEC || (rc == 0 && !ret.len && len == 4));
				CHECK(rc == 0 || err.text[0]);
			}
			kx_arena_deinit(&a);
		}
		forge_free(&f);
	}
	forge_free(&content);
}

/* The same for one place each, with the message. */
static void test_cut_messages(void)
{
	static const char *const sentences[] = {
		"gzip: member 1 at 0x0: expected its end, the data ends at 0x14",
		"xz: stream at 0x0: expected its end, the data ends at 0x14",
		"lzma: stream at 0x0: expected its end, the data ends at 0x14",
		"zstd: frame 1 at 0x0: expected its end, the data ends at 0x14",
		"zstd: frame 1 at 0x0: expected its end, the data ends at 0x14",
		"lz4: frame at 0x0: expected its end, the data ends at 0x14",
		"lz4: frame at 0x0: expected its end, the data ends at 0x14",
		"lz4: legacy block at 0x4: expected 0x100 bytes, the data ends at 0x14",
	};
	struct forge content = FORGE_NONE;

	forge_content(&content, 300);
	for (size_t i = 0; i < PACKERS; i++) {
		struct forge f = FORGE_NONE;

		packers[i].pack(&f, forge_bytes(&content));
		f.len = 20;
		if (packers[i].pack == forge_lz4_legacy)
			kx_put_le32(f.p + 4, 0x100);
		check_refused(&f, ENOEXEC, sentences[i]);
	}
	forge_free(&content);
}

/* The codec's own limit; the files' own limit is KX_PEEL_OUTPUT_MAX. */
static void test_limit(void)
{
	struct forge content = FORGE_NONE;

	forge_content(&content, 70000);
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct kx_bytes ret = KX_BYTES_NONE;
		struct kx_err err = { .code = 0 };
		struct forge f = FORGE_NONE;
		struct kx_arena a;

		p->pack(&f, forge_bytes(&content));
		kx_arena_init(&a);
		CHECK(kx_codec_unpack(p->codec, forge_bytes(&f), 0, 69999, &a, &ret, &err) ==
		      -ENOEXEC);
		/* LZ4 blocks do not say what is wrong. */
		CHECK_STR(err.text, p->pack == forge_lz4_legacy ?
			  "legacy block at 0x4: damaged, or unpacks to more than the limit of 0x1116f bytes" :
			  "unpacks to more than the limit of 0x1116f bytes");
		CHECK(kx_codec_unpack(p->codec, forge_bytes(&f), 0, 70000, &a, &ret, NULL) == 0);
		CHECK(bytes_equal(ret, forge_bytes(&content)));
		kx_arena_deinit(&a);
		forge_free(&f);
	}
	forge_free(&content);
}

/* A second stream starts at the limit. */
static void test_limit_second_stream(void)
{
	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct kx_bytes ret = KX_BYTES_NONE;
		struct kx_err err = { .code = 0 };
		struct forge f = FORGE_NONE;
		struct kx_arena a;

		if (!p->streams)
			continue;
		p->pack(&f, text_bytes("12345678"));
		p->pack(&f, text_bytes("9"));
		kx_arena_init(&a);
		CHECK(kx_codec_unpack(p->codec, forge_bytes(&f), 0, 8, &a, &ret, &err) == -ENOEXEC);
		CHECK_STR(err.text, "unpacks to more than the limit of 0x8 bytes");
		kx_arena_deinit(&a);
		forge_free(&f);
	}
}

/* Hints are believed within reason and never harm. */
static void test_hints(void)
{
	static const uint64_t hints[] = { 0, 1, 1000, 1001, 5000, UINT32_MAX, UINT64_MAX };
	struct forge content = FORGE_NONE;

	forge_content(&content, 1000);
	for (const struct packer *p = packers; p < packers + PACKERS; p++)
		for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
			struct kx_bytes ret = KX_BYTES_NONE;
			struct forge f = FORGE_NONE;
			struct kx_arena a;

			p->pack(&f, forge_bytes(&content));
			kx_arena_init(&a);
			CHECK(kx_codec_unpack(p->codec, forge_bytes(&f), hints[i], 1 << 20, &a,
					      &ret, NULL) == 0);
			CHECK(bytes_equal(ret, forge_bytes(&content)));
			kx_arena_deinit(&a);
			forge_free(&f);
		}
	forge_free(&content);
}

/* ---- gzip -------------------------------------------------------------- */

static void test_gzip_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_gzip(&f, text_bytes("kernel"));
	f.p[f.len - 8] ^= 1;
	check_refused(&f, ENOEXEC, "gzip: member 1 at 0x0: incorrect data check");

	forge_gzip(&f, text_bytes("kernel"));
	f.p[f.len - 4] ^= 1;
	check_refused(&f, ENOEXEC, "gzip: member 1 at 0x0: incorrect length check");

	forge_gzip(&f, text_bytes("kernel"));
	f.p[3] = 0xe0;
	check_refused(&f, ENOEXEC, "gzip: member 1 at 0x0: unknown header flags set");

	forge_gzip(&f, text_bytes("kernel"));
	f.p[10] = 7;
	check_refused(&f, ENOEXEC, "gzip: member 1 at 0x0: invalid block type");

	forge_gzip(&f, text_bytes("one"));
	forge_gzip(&f, text_bytes("two"));
	f.p[f.len - 8] ^= 1;
	check_refused(&f, ENOEXEC, "gzip: member 2 at 0x17: incorrect data check");
}

/* ISIZE is the last word, unless something follows, and may lie. */
static void test_gzip_isize(void)
{
	struct forge content = FORGE_NONE, f = FORGE_NONE;

	forge_content(&content, 200000);
	forge_gzip(&f, forge_bytes(&content));
	forge_le32(&f, 10);
	check_kernel(&f, forge_bytes(&content), "gzip");
	forge_gzip(&f, forge_bytes(&content));
	forge_le32(&f, 0xfffffff0);
	check_kernel(&f, forge_bytes(&content), "gzip");
	forge_free(&content);
}

/* ---- xz and LZMA ------------------------------------------------------- */

static void test_xz_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_xz(&f, text_bytes("kernel"));
	f.p[0x1c] ^= 1;
	check_refused(&f, ENOEXEC, "xz: stream at 0x0: packed data is damaged");

	forge_xz(&f, text_bytes("kernel"));
	f.p[f.len - 1] = 'X';
	check_refused(&f, ENOEXEC, "xz: stream at 0x0: packed data is damaged");

	/* Stream flags: a reserved bit, with the header's CRC made to fit. */
	forge_xz(&f, text_bytes("kernel"));
	f.p[6] = 1;
	kx_put_le32(f.p + 8, (uint32_t)crc32_z(0, f.p + 6, 2));
	check_refused(&f, EOPNOTSUPP,
		      "xz: stream at 0x0: options that liblzma does not support");

	/* The same, check id 2, which is reserved. */
	forge_xz(&f, text_bytes("kernel"));
	f.p[7] = 2;
	kx_put_le32(f.p + 8, (uint32_t)crc32_z(0, f.p + 6, 2));
	check_refused(&f, EOPNOTSUPP,
		      "xz: stream at 0x0: a check that liblzma does not support");

	forge_xz(&f, text_bytes("one"));
	forge_room(&f, 8);
	forge_xz(&f, text_bytes("two"));
	f.p[f.len - 1] = 'X';
	check_refused(&f, ENOEXEC, "xz: stream at 0x40: packed data is damaged");
}

static void test_xz_padding_between(void)
{
	struct forge f = FORGE_NONE;

	forge_xz(&f, text_bytes("one "));
	forge_room(&f, 8);
	forge_xz(&f, text_bytes("two"));
	check_kernel(&f, text_bytes("one two"), "xz");
}

static void test_lzma_damage(void)
{
	struct forge f = FORGE_NONE;

	/* A size that is not the content's. */
	forge_lzma(&f, text_bytes("kernel"));
	kx_put_le64(f.p + 5, 5);
	check_refused(&f, ENOEXEC, "lzma: stream at 0x0: packed data is damaged");

	/* Size known: a bomb is refused before it is unpacked. */
	forge_lzma(&f, text_bytes("kernel"));
	kx_put_le64(f.p + 5, KX_PEEL_OUTPUT_MAX + 1);
	check_refused(&f, ENOEXEC, "lzma: unpacks to more than the limit of 0x40000000 bytes");
}

/* How much it needs depends on liblzma's version, so the end is not compared. */
static void test_lzma_memory(void)
{
	static const char want[] =
		"stream at 0x0: expected to need at most 0x10000000 bytes of memory, needs 0x4000";
	struct kx_bytes ret = KX_BYTES_NONE;
	struct kx_err err = { .code = 0 };
	struct forge f = FORGE_NONE;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_lzma(&f, text_bytes("kernel"));
	kx_put_le32(f.p + 1, 1u << 30);
	CHECK(kx_codec_unpack(&kx_codec_lzma, forge_bytes(&f), 0, 4096, &a, &ret, &err) ==
	      -ENOEXEC);
	CHECK(!strncmp(err.text, want, strlen(want)));
	forge_free(&f);
	kx_arena_deinit(&a);
}

/* With a size and without an end mark, as LZMA SDK's tools and U-Boot's make it. */
static void test_lzma_sized(void)
{
	struct forge f = FORGE_NONE;

	forge_lzma(&f, text_bytes("kernel"));
	kx_put_le64(f.p + 5, 6);
	check_kernel(&f, text_bytes("kernel"), "lzma");
}

/* LZMA has no magic: what only looks a little like it is left alone. */
static void test_lzma_probe(void)
{
	static const struct {
		size_t off;
		uint8_t byte;
	} changes[] = {
		{ 0, 225 },	/* properties */
		{ 0, 8 },	/* lc 8 */
		{ 2, 1 },	/* dictionary size */
		{ 3, 0 },	/* dictionary size 0 */
		{ 12, 0 },	/* size */
		{ 13, 1 },	/* range coder */
	};
	struct forge f = FORGE_NONE;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		forge_lzma(&f, text_bytes("kernel"));
		CHECK(kx_codec_lzma.probe(forge_bytes(&f)));
		f.p[changes[i].off] = changes[i].byte;
		CHECK(!kx_codec_lzma.probe(forge_bytes(&f)));
		forge_free(&f);
	}
	forge_lzma(&f, text_bytes("kernel"));
	CHECK(!kx_codec_lzma.probe((struct kx_bytes){ f.p, 17 }));
	forge_free(&f);
	forge_arm64_image(&f, 1024);
	CHECK(!kx_codec_lzma.probe(forge_bytes(&f)));
	forge_free(&f);
	forge_bzimage(&f, 1024);
	CHECK(!kx_codec_lzma.probe(forge_bytes(&f)));
	forge_free(&f);
	forge_elf(&f, 62, 0x1000000, 512);
	CHECK(!kx_codec_lzma.probe(forge_bytes(&f)));
	forge_free(&f);
	forge_room(&f, 4096);
	CHECK(!kx_codec_lzma.probe(forge_bytes(&f)));
	forge_free(&f);
}

/* ---- zstd -------------------------------------------------------------- */

/* A frame by hand: header without content size, then the blocks. */
static void zstd_header(struct forge *f, uint8_t descriptor)
{
	forge_le32(f, 0xfd2fb528);
	forge_put(f, &descriptor, 1);
}

static void zstd_block(struct forge *f, unsigned int last, unsigned int type, unsigned int size)
{
	uint32_t header = last | type << 1 | size << 3;

	forge_le16(f, (uint16_t)header);
	forge_put(f, &(uint8_t){ (uint8_t)(header >> 16) }, 1);
}

static void test_zstd_frames(void)
{
	struct forge f = FORGE_NONE;

	/* Window 1 KiB; a raw block and one of repeats. */
	zstd_header(&f, 0);
	forge_put(&f, "", 1);
	zstd_block(&f, 0, 0, 3);
	forge_str(&f, "raw");
	zstd_block(&f, 1, 1, 5);
	forge_str(&f, "x");
	check_kernel(&f, text_bytes("rawxxxxx"), "zstd");

	/* Skippable frames between and behind frames. */
	forge_zstd(&f, text_bytes("one "), 1);
	forge_le32(&f, 0x184d2a53);
	forge_le32(&f, 5);
	forge_str(&f, "notes");
	forge_zstd(&f, text_bytes("two"), 0);
	forge_le32(&f, 0x184d2a50);
	forge_le32(&f, 0);
	check_kernel(&f, text_bytes("one two"), "zstd");
}

/* "zstd -22 --ultra" through a pipe: a window of 128 MiB. */
static void test_zstd_large_window(void)
{
	struct forge f = FORGE_NONE;

	zstd_header(&f, 0);
	forge_put(&f, &(uint8_t){ 17 << 3 }, 1);
	zstd_block(&f, 1, 0, 3);
	forge_str(&f, "raw");
	check_kernel(&f, text_bytes("raw"), "zstd");
}

static void test_zstd_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_zstd(&f, text_bytes("kernel"), 1);
	f.p[f.len - 1] ^= 1;
	check_refused(&f, ENOEXEC, "zstd: frame 1 at 0x0: Restored data doesn't match checksum");

	zstd_header(&f, 0);
	forge_put(&f, "", 1);
	zstd_block(&f, 1, 3, 0);
	check_refused(&f, ENOEXEC,
		      "zstd: frame 1 at 0x0: block at 0x6: expected type 0, 1 or 2, have 3");

	/* Reserved bit of the descriptor. */
	zstd_header(&f, 8);
	forge_put(&f, "", 1);
	zstd_block(&f, 1, 0, 0);
	check_refused(&f, ENOEXEC, "zstd: frame 1 at 0x0: Unsupported frame parameter");

	/* Content size: less than there is, and more. */
	zstd_header(&f, 0x20);
	forge_put(&f, "\2", 1);
	zstd_block(&f, 1, 0, 3);
	forge_str(&f, "raw");
	check_refused(&f, ENOEXEC,
		      "zstd: frame 1 at 0x0: unpacks to more than its content size, 0x2");
	zstd_header(&f, 0x20);
	forge_put(&f, "\4", 1);
	zstd_block(&f, 1, 0, 3);
	forge_str(&f, "raw");
	check_refused(&f, ENOEXEC, "zstd: frame 1 at 0x0: Data corruption detected");

	/* A bomb that says so. */
	zstd_header(&f, 0xe0);
	forge_le64(&f, KX_PEEL_OUTPUT_MAX + 1);
	zstd_block(&f, 1, 0, 0);
	check_refused(&f, ENOEXEC, "zstd: unpacks to more than the limit of 0x40000000 bytes");

	forge_zstd(&f, text_bytes("one"), 1);
	forge_le32(&f, 0xfd2fb528);
	check_refused(&f, ENOEXEC,
		      "zstd: frame 2 at 0x10: expected its end, the data ends at 0x14");

	/* A skippable frame that is cut off is garbage. */
	forge_zstd(&f, text_bytes("one"), 1);
	forge_le32(&f, 0x184d2a50);
	forge_le32(&f, 1);
	check_refused(&f, ENOEXEC,
		      "zstd: behind the packed data at 0x10: expected zeros or the end, have 0x50");
}

/* ---- lz4 --------------------------------------------------------------- */

static void test_lz4_mixed(void)
{
	struct forge f = FORGE_NONE;

	forge_lz4_legacy(&f, text_bytes("one "));
	forge_lz4(&f, text_bytes("two "), 1);
	forge_le32(&f, 0x184d2a51);
	forge_le32(&f, 3);
	forge_str(&f, "abc");
	forge_lz4_legacy(&f, text_bytes("three"));
	check_kernel(&f, text_bytes("one two three"), "lz4");
}

static void test_lz4_damage(void)
{
	struct forge f = FORGE_NONE;

	forge_lz4(&f, text_bytes("kernel"), 0);
	f.p[f.len - 1] ^= 1;
	check_refused(&f, ENOEXEC, "lz4: frame at 0x0: ERROR_contentChecksum_invalid");

	forge_lz4(&f, text_bytes("kernel"), 0);
	f.p[6] ^= 1;
	check_refused(&f, ENOEXEC, "lz4: frame at 0x0: ERROR_headerChecksum_invalid");

	forge_lz4(&f, text_bytes("kernel"), 1);
	kx_put_le64(f.p + 6, KX_PEEL_OUTPUT_MAX + 1);
	check_refused(&f, ENOEXEC, "lz4: unpacks to more than the limit of 0x40000000 bytes");

	forge_lz4_legacy(&f, text_bytes("kernel"));
	f.p[8] = 0xf0;
	check_refused(&f, ENOEXEC, "lz4: legacy block at 0x4: packed data is damaged");

	forge_lz4_legacy(&f, text_bytes("kernel"));
	kx_put_le32(f.p + 4, 0x808091);
	check_refused(&f, ENOEXEC,
		      "lz4: legacy block at 0x4: expected at most 0x808090 bytes, have 0x808091");

	forge_lz4_legacy(&f, text_bytes("kernel"));
	kx_put_le32(f.p + 4, 8);
	check_refused(&f, ENOEXEC,
		      "lz4: legacy block at 0x4: expected 0x8 bytes, the data ends at 0xf");

	forge_lz4_legacy(&f, text_bytes("kernel"));
	forge_put(&f, "\0\0\0\0\1", 5);
	check_refused(&f, ENOEXEC,
		      "lz4: behind the packed data at 0x13: expected zeros or the end, have 0x1");
}

TEST_MAIN(
	{ "content of 9 MiB", test_large },
	{ "content that packs to almost nothing", test_growth },
	{ "content of one byte", test_small },
	{ "no content", test_empty },
	{ "several streams", test_several_streams },
	{ "padding with zeros", test_padding },
	{ "the kernel's appended size", test_size_word },
	{ "garbage behind the streams", test_garbage },
	{ "cut off anywhere", test_cut },
	{ "cut off, with the message", test_cut_messages },
	{ "output is limited", test_limit },
	{ "output is limited for a second stream", test_limit_second_stream },
	{ "hints of the size", test_hints },
	{ "gzip: damage", test_gzip_damage },
	{ "gzip: ISIZE is not trusted", test_gzip_isize },
	{ "xz: damage", test_xz_damage },
	{ "xz: stream padding", test_xz_padding_between },
	{ "lzma: damage", test_lzma_damage },
	{ "lzma: memory is limited", test_lzma_memory },
	{ "lzma: size in the header", test_lzma_sized },
	{ "lzma: what is not taken for it", test_lzma_probe },
	{ "zstd: kinds of frames", test_zstd_frames },
	{ "zstd: window of 128 MiB", test_zstd_large_window },
	{ "zstd: damage", test_zstd_damage },
	{ "lz4: both formats in one file", test_lz4_mixed },
	{ "lz4: damage", test_lz4_damage })
