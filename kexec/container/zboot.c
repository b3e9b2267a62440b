/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EFI zboot kernels, "vmlinuz.efi" or "vmlinuz": a small EFI program with a
 * packed kernel in it; drivers/firmware/efi/libstub/zboot-header.S of Linux.
 * Listed in table.c.
 *
 *	+0	"MZ", 0, 0
 *	+4	"zimg"
 *	+8	u32 LE	offset of the packed kernel
 *	+12	u32 LE	its length
 *	+16	two words, 0
 *	+24	what packed it, a string of at most 31 characters
 */
#include <errno.h>
#include <string.h>

#include "container.h"

#define MAGIC_OFF	4
#define PAYLOAD_OFF	8
#define TYPE_OFF	24
#define TYPE_LEN	32

/*
 * COMP_TYPE in drivers/firmware/efi/libstub/Makefile.zboot: names of recipes in
 * scripts/Makefile.lib.  Linux 6.1 to 6.11 offered all of them, since 6.12
 * there are gzip and zstd22.  All but gzip append the unpacked size.
 */
static const struct zboot_type {
	const char *name;
	const struct kx_codec *codec;	/* NULL: not supported */
} zboot_types[] = {
	{ "gzip", &kx_codec_gzip },
	{ "zstd22", &kx_codec_zstd },
	{ "zstd", &kx_codec_zstd },
	{ "xzkern", &kx_codec_xz },
	{ "xz", &kx_codec_xz },
	{ "lzma", &kx_codec_lzma },
	{ "lz4", &kx_codec_lz4 },
	{ "lzo", NULL },
	{ NULL, NULL },
};

static bool zboot_probe(struct kx_bytes b)
{
	struct kx_bytes magic;

	return kx_bytes_starts(b, "MZ", 2) && kx_bytes_sub(b, MAGIC_OFF, 4, &magic) &&
	       kx_bytes_starts(magic, "zimg", 4);
}

static int find_type(struct kx_bytes b, const struct kx_codec **ret, struct kx_err *err)
{
	const struct zboot_type *t = zboot_types;
	struct kx_bytes field;
	char name[TYPE_LEN + 1] = "";

	if (!kx_bytes_sub(b, TYPE_OFF, TYPE_LEN, &field))
		return kx_err_set(err, ENOEXEC, "header: expected 0x%x bytes, have 0x%zx",
				  TYPE_OFF + TYPE_LEN, b.len);
	memcpy(name, field.data, TYPE_LEN);
	/* In the message only. */
	for (char *p = name; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	while (t->name && strcmp(t->name, name))
		t++;
	if (!t->name)
		return kx_err_set(err, EOPNOTSUPP,
				  "compression type: expected gzip, zstd, xz, lzma or lz4, have \"%s\"",
				  name);
	if (!t->codec)
		return kx_err_set(err, EOPNOTSUPP, "compression type: %s is not supported", name);
	*ret = t->codec;
	return 0;
}

static int find_payload(struct kx_bytes b, struct kx_bytes *ret, uint32_t *ret_size_word,
			struct kx_err *err)
{
	struct kx_rd rd = kx_rd_make(b, KX_LE);
	uint32_t off, len;

	kx_rd_seek(&rd, PAYLOAD_OFF);
	off = kx_rd_u32(&rd);
	len = kx_rd_u32(&rd);
	if (rd.bad || off < TYPE_OFF + TYPE_LEN)
		return kx_err_set(err, ENOEXEC,
				  "payload offset: expected at least 0x%x, behind the header, have 0x%x",
				  TYPE_OFF + TYPE_LEN, off);
	if (!kx_bytes_sub(b, off, len, ret))
		return kx_err_set(err, ENOEXEC,
				  "payload: expected 0x%x bytes at 0x%x, the file ends at 0x%zx", len,
				  off, b.len);
	if (!kx_bytes_le32(b, (uint64_t)off + len, ret_size_word))
		*ret_size_word = 0;
	return 0;
}

/*
 * The build pads the kernel with zeros to its size in memory
 * (Makefile.zboot, "copy_and_pad").  If the kernel is signed, the signatures
 * were its end before that, and the running kernel's kexec_file_load(2) wants
 * them there (pefile_strip_sig_wrapper(): "Signature wrapper" must reach the
 * end of the file).
 */
static struct kx_bytes cut_padding_of_signed(struct kx_bytes b)
{
	struct kx_bytes signed_part;
	struct kx_pe pe;

	if (kx_pe_parse(b, &pe, NULL) < 0 || !pe.cert_len ||
	    !kx_bytes_sub(b, 0, (uint64_t)pe.cert_off + pe.cert_len, &signed_part))
		return b;
	for (size_t i = signed_part.len; i < b.len; i++)
		if (b.data[i])
			return b;
	return signed_part;
}

static int zboot_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		      struct kx_err *err)
{
	const struct kx_codec *codec = NULL;
	struct kx_bytes payload = KX_BYTES_NONE, kernel;
	uint32_t size_word = 0;
	int rc;

	rc = find_type(b, &codec, err);
	if (rc < 0)
		return rc;
	rc = find_payload(b, &payload, &size_word, err);
	if (rc < 0)
		return rc;
	if (!codec->probe(payload))
		return kx_err_set(err, ENOEXEC, "payload: expected %s data, it does not start like that",
				  codec->name);
	rc = kx_codec_unpack(codec, payload, codec == &kx_codec_gzip ? 0 : size_word,
			     KX_PEEL_OUTPUT_MAX, a, &kernel, err);
	if (rc < 0) {
		kx_err_wrap(err, "payload: %s", codec->name);
		return rc;
	}
	ret->kernel = cut_padding_of_signed(kernel);
	return 0;
}

const struct kx_container kx_container_zboot = {
	.name = "vmlinuz",
	.probe = zboot_probe,
	.peel = zboot_peel,
};
