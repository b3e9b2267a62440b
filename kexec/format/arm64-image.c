/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64 Image: Documentation/arch/arm64/booting.rst, "4. Call the kernel
 * image".  64 bytes of header, then code that runs where it was put.
 *
 *	0	code0, code1	u32	(code0 reads "MZ" with an EFI stub)
 *	8	text_offset	u64	from a 2 MiB aligned base, little-endian
 *	16	image_size	u64	memory to keep free, bss included
 *	24	flags		u64
 *	56	magic		u32	"ARM\x64"
 *	60	res5		u32	offset of the PE header
 */
#include <errno.h>
#include <inttypes.h>

#include "formats.h"

#define MAGIC_OFF		56
#define PE_OFF			60

/*
 * booting.rst: "the image must be placed text_offset bytes from a 2MB aligned
 * base address anywhere in usable system RAM"
 */
#define BASE_ALIGN		0x200000
/* What kexec can load is page-aligned, and 4 KiB is the smallest page. */
#define TEXT_OFFSET_ALIGN	0x1000
/* "In this case, text_offset ... the endianness is not specified": 0x80000. */
#define OLD_TEXT_OFFSET		0x80000
/* Nothing says how much bss a kernel before 3.17 has; none came near this. */
#define OLD_IMAGE_SIZE		0x1000000
/* Twenty times what distributions ship; more is a damaged header. */
#define IMAGE_SIZE_MAX		0x40000000

#define PE_SECTION_LEN		40

bool kx_arm64_header_probe(struct kx_bytes b)
{
	struct kx_bytes magic;

	return kx_bytes_sub(b, MAGIC_OFF, 4, &magic) && kx_bytes_starts(magic, "ARM\x64", 4);
}

int kx_arm64_header_parse(struct kx_bytes b, uint64_t loaded, struct kx_arm64_image *ret,
			  struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	struct kx_arm64_image h = { 0 };

	kx_rd_skip(&rd, 8);
	h.text_offset = kx_rd_u64(&rd);
	h.image_size = kx_rd_u64(&rd);
	h.flags = kx_rd_u64(&rd);
	kx_rd_seek(&rd, ARM64_HEADER_LEN);
	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "header: expected at least %u bytes, have %zu",
				  ARM64_HEADER_LEN, b.len);
	/*
	 * "Where image_size is zero, text_offset can be assumed to be 0x80000.
	 * Where image_size is non-zero text_offset is little-endian and must be
	 * respected."
	 */
	if (h.image_size == 0) {
		h.old_header = true;
		h.text_offset = OLD_TEXT_OFFSET;
		h.image_size = loaded > OLD_IMAGE_SIZE ? loaded : OLD_IMAGE_SIZE;
	}
	if (h.text_offset >= BASE_ALIGN || h.text_offset % TEXT_OFFSET_ALIGN)
		return kx_err_set(err, ENOEXEC,
				  "text_offset: expected a multiple of 0x%x below 0x%x, have 0x%"
				  PRIx64,
				  TEXT_OFFSET_ALIGN, BASE_ALIGN, h.text_offset);
	if (h.image_size > IMAGE_SIZE_MAX)
		return kx_err_set(err, ENOEXEC,
				  "image_size: expected at most 0x%x, have 0x%" PRIx64,
				  IMAGE_SIZE_MAX, h.image_size);
	*ret = h;
	return 0;
}

/*
 * How far the PE header and the sections it names reach into the file; 0 when
 * there is no such header.  It is the only place that tells a truncated Image
 * from a whole one.  (Microsoft PE format: COFF file header, section table.)
 */
static uint64_t pe_extent(struct kx_bytes b)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint16_t count, optional_len;
	uint64_t extent = 0, table;
	struct kx_bytes signature;
	uint32_t pe;

	kx_rd_seek(&rd, PE_OFF);
	pe = kx_rd_u32(&rd);
	kx_rd_seek(&rd, pe);
	signature = kx_rd_bytes(&rd, 4);
	if (!kx_bytes_starts(b, "MZ", 2))
		return 0;
	if (rd.bad)
		return (uint64_t)pe + 4;
	if (!kx_bytes_starts(signature, "PE\0", 4))
		return 0;
	kx_rd_skip(&rd, 2);
	count = kx_rd_u16(&rd);
	kx_rd_skip(&rd, 12);
	optional_len = kx_rd_u16(&rd);
	table = (uint64_t)pe + 24 + optional_len;
	for (uint16_t i = 0; i < count; i++) {
		uint64_t raw_len, raw_off;

		kx_rd_seek(&rd, table + (uint64_t)i * PE_SECTION_LEN + 16);
		raw_len = kx_rd_u32(&rd);
		raw_off = kx_rd_u32(&rd);
		if (raw_len && raw_off + raw_len > extent)
			extent = raw_off + raw_len;
	}
	/* A table that is not all there says so itself. */
	if (rd.bad)
		return table + (uint64_t)count * PE_SECTION_LEN;
	return extent;
}

/* A .linux section of a UKI may be padded; anything else does not belong here. */
static bool only_zeros(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static int arm64_image_parse(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
			     struct kx_err *err)
{
	struct kx_image image = { .machine = KX_MACHINE_ARM64, .bytes = b };
	uint64_t extent;
	int r;

	(void)a;
	r = kx_arm64_header_parse(b, b.len, &image.arm64, err);
	if (r < 0)
		return r;
	extent = pe_extent(b);
	if (extent > b.len)
		return kx_err_set(err, ENOEXEC,
				  "file: expected at least 0x%" PRIx64
				  " bytes (PE section table), have 0x%zx", extent, b.len);
	if (b.len > image.arm64.image_size) {
		image.bytes.len = image.arm64.image_size;
		if (!only_zeros(b.data + image.bytes.len, b.len - image.bytes.len))
			return kx_err_set(err, ENOEXEC,
					  "file: expected at most 0x%" PRIx64
					  " bytes (image_size), have 0x%zx",
					  image.arm64.image_size, b.len);
	}
	image.format = &kx_format_arm64_image;
	*ret = image;
	return 0;
}

static const char *const arm64_image_types[] = { "Image", NULL };

const struct kx_format kx_format_arm64_image = {
	.id = KX_FORMAT_ARM64_IMAGE,
	.name = "arm64 Image",
	.type_names = arm64_image_types,
	.probe = kx_arm64_header_probe,
	.parse = arm64_image_parse,
};
