/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86 bzImage: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 * Which of its entry points can be used is decided by arch/x86_64.c.
 *
 *	+-------------------+ 0
 *	| boot sector       |	the header starts in it, at 0x1f1
 *	+-------------------+ 0x200
 *	| setup_sects * 512 |	real-mode code
 *	+-------------------+
 *	| syssize * 16      |	protected-mode code: decompressor, payload
 *	+-------------------+	signatures may follow
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "formats.h"

#define SECTOR			512

enum field {
	SETUP_SECTS		= 0x1f1,
	SYSSIZE			= 0x1f4,
	BOOT_FLAG		= 0x1fe,
	JUMP			= 0x200,
	HEADER			= 0x202,
	VERSION			= 0x206,
	KERNEL_VERSION		= 0x20e,
	LOADFLAGS		= 0x211,
	INITRD_ADDR_MAX		= 0x22c,
	KERNEL_ALIGNMENT	= 0x230,
	RELOCATABLE_KERNEL	= 0x234,
	XLOADFLAGS		= 0x236,
	CMDLINE_SIZE		= 0x238,
	PREF_ADDRESS		= 0x258,
	INIT_SIZE		= 0x260,
};

#define PROTOCOL_2_06		0x0206	/* cmdline_size; 2.6.22 */
#define PROTOCOL_2_10		0x020a	/* pref_address, init_size; 2.6.31 */
#define PROTOCOL_2_12		0x020c	/* xloadflags; 3.8 */

#define LOADED_HIGH		0x01	/* loadflags: protected-mode code goes to 1 MiB */

/* boot.rst: "If this field contains 0, the real value is 4." */
#define SETUP_SECTS_DEFAULT	4
/* Where protected-mode code always went before pref_address. */
#define PREF_ADDRESS_DEFAULT	0x100000
/*
 * Before init_size nothing tells how much memory the kernel needs until it has
 * seen its memory map.  gzip makes a kernel three times smaller; the rest is bss.
 */
#define INIT_SIZE_FACTOR	8

static bool bzimage_probe(struct kx_bytes b)
{
	struct kx_bytes magic;

	return kx_bytes_sub(b, HEADER, 4, &magic) && kx_bytes_starts(magic, "HdrS", 4);
}

/* One field at its absolute offset, whatever its width; sticky in @rd. */
static uint64_t field_read(struct kx_rd *rd, enum field off, unsigned int width)
{
	kx_rd_seek(rd, off);
	switch (width) {
	case 1:
		return kx_rd_u8(rd);
	case 2:
		return kx_rd_u16(rd);
	case 4:
		return kx_rd_u32(rd);
	default:
		return kx_rd_u64(rd);
	}
}

/* Is this an image of the kind we know, and is its whole header there? */
static int header_check(struct kx_bytes b, uint16_t *ret_version, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint64_t flag = field_read(&rd, BOOT_FLAG, 2);
	uint64_t version = field_read(&rd, VERSION, 2);
	uint64_t loadflags = field_read(&rd, LOADFLAGS, 1);
	uint64_t end = HEADER + field_read(&rd, JUMP + 1, 1);
	uint64_t need = version < PROTOCOL_2_10 ? CMDLINE_SIZE + 4 : INIT_SIZE + 4;

	if (rd.bad)
		return kx_err_set(err, ENOEXEC, "header: expected at least 0x%x bytes, have 0x%zx",
				  LOADFLAGS + 1, b.len);
	if (flag != 0xaa55)
		return kx_err_set(err, ENOEXEC, "boot_flag: expected 0xaa55, have 0x%" PRIx64,
				  flag);
	if (version < PROTOCOL_2_06)
		return kx_err_set(err, EOPNOTSUPP,
				  "boot protocol: expected at least 2.06 (Linux 2.6.22), "
				  "have %u.%02u",
				  (unsigned int)(version >> 8), (unsigned int)(version & 0xff));
	if (!(loadflags & LOADED_HIGH))
		return kx_err_set(err, EOPNOTSUPP,
				  "loadflags: expected bit 0 (LOADED_HIGH), have 0x%" PRIx64
				  ": a zImage, which must run below 640 KiB", loadflags);
	/* boot.rst: the byte at 0x201 is the header's end, counted from 0x202. */
	if (end < need)
		return kx_err_set(err, ENOEXEC,
				  "header: protocol %u.%02u: expected an end at 0x%" PRIx64
				  " or above, have 0x%" PRIx64, (unsigned int)(version >> 8),
				  (unsigned int)(version & 0xff), need, end);
	*ret_version = (uint16_t)version;
	return 0;
}

/* Cut the file into the setup and kernel views. */
static int parts_parse(struct kx_bytes b, struct kx_bzimage *z, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint64_t sects = field_read(&rd, SETUP_SECTS, 1);
	uint64_t syssize = field_read(&rd, SYSSIZE, 4);
	uint64_t setup_len = ((sects ? sects : SETUP_SECTS_DEFAULT) + 1) * SECTOR;

	if (syssize == 0)
		return kx_err_set(err, ENOEXEC, "syssize: expected at least 1, have 0");
	if (!kx_bytes_sub(b, 0, setup_len, &z->setup) ||
	    !kx_bytes_sub(b, setup_len, syssize * 16, &z->kernel))
		return kx_err_set(err, ENOEXEC,
				  "file: expected at least 0x%" PRIx64
				  " bytes (setup 0x%" PRIx64 ", kernel 0x%" PRIx64 "), have 0x%zx",
				  setup_len + syssize * 16, setup_len, syssize * 16, b.len);
	return 0;
}

/* The fields that say where the kernel may go, with the defaults of boot.rst. */
static int fields_parse(struct kx_bzimage *z, struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(z->setup, KX_LE);
	uint64_t init_size = z->kernel.len * INIT_SIZE_FACTOR;

	z->loadflags = (uint8_t)field_read(&rd, LOADFLAGS, 1);
	z->initrd_addr_max = (uint32_t)field_read(&rd, INITRD_ADDR_MAX, 4);
	z->kernel_alignment = (uint32_t)field_read(&rd, KERNEL_ALIGNMENT, 4);
	z->relocatable = field_read(&rd, RELOCATABLE_KERNEL, 1) != 0;
	z->cmdline_size = (uint32_t)field_read(&rd, CMDLINE_SIZE, 4);
	z->pref_address = PREF_ADDRESS_DEFAULT;
	if (z->version >= PROTOCOL_2_10) {
		z->pref_address = field_read(&rd, PREF_ADDRESS, 8);
		init_size = field_read(&rd, INIT_SIZE, 4);
	}
	if (z->version >= PROTOCOL_2_12)
		z->xloadflags = (uint16_t)field_read(&rd, XLOADFLAGS, 2);

	if (!z->kernel_alignment || (z->kernel_alignment & (z->kernel_alignment - 1)))
		return kx_err_set(err, ENOEXEC,
				  "kernel_alignment: expected a power of two, have 0x%x",
				  z->kernel_alignment);
	if (!z->cmdline_size)
		return kx_err_set(err, ENOEXEC, "cmdline_size: expected at least 1, have 0");
	if (init_size < z->kernel.len)
		return kx_err_set(err, ENOEXEC,
				  "init_size: expected at least 0x%zx (the packed kernel), have 0x%"
				  PRIx64, z->kernel.len, init_size);
	if (init_size > UINT32_MAX)
		return kx_err_set(err, ENOEXEC,
				  "syssize: expected at most 0x%x, have 0x%zx",
				  (unsigned int)(UINT32_MAX / INIT_SIZE_FACTOR / 16),
				  z->kernel.len / 16);
	z->init_size = (uint32_t)init_size;
	return 0;
}

/*
 * boot.rst, kernel_version: "a pointer to a NUL-terminated human-readable kernel
 * version number string, less 0x200"; uname -r is its first word.  It is for
 * people, so a pointer to anywhere else is no reason to refuse the kernel.
 */
static void release_parse(struct kx_bytes setup, char release[KX_RELEASE_LEN])
{
	struct kx_rd rd = kx_rd_make(setup, KX_LE);
	uint64_t at = field_read(&rd, KERNEL_VERSION, 2);
	struct kx_bytes text;
	size_t n = 0;

	if (!at || !kx_bytes_sub(setup, SECTOR + at, setup.len - SECTOR - at, &text))
		return;
	while (n < text.len && text.data[n] > ' ' && text.data[n] < 0x7f)
		n++;
	if (n < text.len && n < KX_RELEASE_LEN)
		memcpy(release, text.data, n);
}

static int bzimage_parse(struct kx_bytes b, struct kx_arena *a, struct kx_image *ret,
			 struct kx_err *err)
{
	struct kx_image image = { .machine = KX_MACHINE_X86_64, .bytes = b };
	int r;

	(void)a;
	r = header_check(b, &image.bzimage.version, err);
	if (r < 0)
		return r;
	r = parts_parse(b, &image.bzimage, err);
	if (r < 0)
		return r;
	r = fields_parse(&image.bzimage, err);
	if (r < 0)
		return r;
	release_parse(image.bzimage.setup, image.release);
	image.format = &kx_format_bzimage;
	*ret = image;
	return 0;
}

static const char *const bzimage_types[] = { "bzImage64", "bzImage", NULL };

const struct kx_format kx_format_bzimage = {
	.id = KX_FORMAT_BZIMAGE,
	.name = "bzImage",
	.type_names = bzimage_types,
	.probe = bzimage_probe,
	.parse = bzimage_parse,
};
