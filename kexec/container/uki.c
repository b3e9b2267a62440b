/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unified kernel images: an EFI program whose PE sections carry a kernel and
 * what belongs to it.  The UAPI group's "Unified Kernel Image (UKI)"
 * specification, and systemd-stub(7) for what the sections mean.  Listed in
 * table.c.
 *
 * Taken: .linux, .ucode and .initrd (concatenated in this order, as the stub
 * does), .cmdline, .dtb.  Of sections that may be there once, the first counts.
 * A ".profile" section starts a list of alternatives to what precedes it; only
 * the base profile is taken.  ".dtbauto" depends on the machine's hardware ids
 * and stays with the stub: by the time of a kexec, the device tree it chose is
 * the running one.  So an image of .linux (and .dtbauto) alone, as Ubuntu's
 * "stubble" builds, is the same as the kernel in it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "container.h"

/* initrds are padded to this when concatenated ("pad4" of the kernel's initramfs buffer format). */
#define INITRD_ALIGN	4

/* Index of the first section called @name from @i on, before @end; @end if none. */
static size_t find_section(const struct kx_pe *pe, size_t i, size_t end, const char *name)
{
	for (; i < end; i++) {
		struct kx_pe_section s = kx_pe_section_at(pe, i);

		if (!strcmp(s.name, name))
			break;
	}
	return i;
}

/* Sections of the base profile are those before this one. */
static size_t base_end(const struct kx_pe *pe)
{
	return find_section(pe, 0, pe->section_count, ".profile");
}

static bool uki_probe(struct kx_bytes b)
{
	struct kx_pe pe;

	return kx_pe_parse(b, &pe, NULL) == 0 &&
	       find_section(&pe, 0, pe.section_count, ".linux") < pe.section_count;
}

/* Content of the first section called @name; untouched if there is none. */
static int take(const struct kx_pe *pe, const char *name, struct kx_bytes *ret,
		struct kx_err *err)
{
	size_t end = base_end(pe);
	size_t i = find_section(pe, 0, end, name);
	struct kx_pe_section s;

	if (i == end)
		return 0;
	s = kx_pe_section_at(pe, i);
	return kx_pe_section_bytes(pe, &s, ret, err);
}

/* Visit all sections called @name: add up their sizes, padded, or copy to @dst. */
static int gather(const struct kx_pe *pe, const char *name, uint8_t *dst, uint64_t *len,
		  struct kx_bytes *last, struct kx_err *err)
{
	size_t end = base_end(pe);

	for (size_t i = find_section(pe, 0, end, name); i < end;
	     i = find_section(pe, i + 1, end, name)) {
		struct kx_pe_section s = kx_pe_section_at(pe, i);
		struct kx_bytes b;
		int rc = kx_pe_section_bytes(pe, &s, &b, err);

		if (rc < 0)
			return rc;
		if (!b.len)
			continue;
		*len = (*len + INITRD_ALIGN - 1) & ~(uint64_t)(INITRD_ALIGN - 1);
		if (dst)
			memcpy(dst + *len, b.data, b.len);
		*len += b.len;
		*last = b;
	}
	return 0;
}

/* .ucode and .initrd in one piece: a view if there is only one, else joined in @a. */
static int take_initrd(const struct kx_pe *pe, struct kx_arena *a, struct kx_bytes *ret,
		       struct kx_err *err)
{
	struct kx_bytes last = KX_BYTES_NONE;
	uint64_t len = 0, copied = 0;
	uint8_t *joined;
	int rc;

	rc = gather(pe, ".ucode", NULL, &len, &last, err);
	if (rc == 0)
		rc = gather(pe, ".initrd", NULL, &len, &last, err);
	if (rc < 0 || !len)
		return rc;
	if (last.len == len) {
		*ret = last;
		return 0;
	}
	/* Sections may overlap in the file, so this can be more than the file. */
	if (len > KX_PEEL_OUTPUT_MAX)
		return kx_err_set(err, ENOEXEC,
				  "sections .ucode and .initrd: expected at most 0x%llx bytes together, have 0x%" PRIx64,
				  KX_PEEL_OUTPUT_MAX, len);
	joined = kx_arena_alloc(a, (size_t)len);
	if (!joined)
		return kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " bytes of initrd", len);
	rc = gather(pe, ".ucode", joined, &copied, &last, err);
	if (rc == 0)
		rc = gather(pe, ".initrd", joined, &copied, &last, err);
	if (rc == 0)
		*ret = (struct kx_bytes){ joined, (size_t)len };
	return rc;
}

/*
 * The stub reads the section up to a NUL, takes control characters (a newline
 * where the file it was made from had one) for spaces, and drops spaces at the
 * end.  The result is a copy.
 */
static int take_cmdline(const struct kx_pe *pe, struct kx_arena *a, struct kx_bytes *ret,
			struct kx_err *err)
{
	struct kx_bytes b = KX_BYTES_NONE;
	uint8_t *p;
	int rc = take(pe, ".cmdline", &b, err);

	if (rc < 0)
		return rc;
	if (b.len)
		b.len = strnlen((const char *)b.data, b.len);
	while (b.len && b.data[b.len - 1] <= ' ')
		b.len--;
	if (!b.len)
		return 0;
	p = kx_arena_alloc(a, b.len);
	if (!p)
		return kx_err_set(err, ENOMEM, "no memory for 0x%zx bytes of command line", b.len);
	for (size_t i = 0; i < b.len; i++)
		p[i] = b.data[i] < ' ' ? ' ' : b.data[i];
	*ret = (struct kx_bytes){ p, b.len };
	return 0;
}

static int uki_peel(struct kx_bytes b, struct kx_arena *a, struct kx_payload *ret,
		    struct kx_err *err)
{
	struct kx_payload inside = *ret;
	struct kx_pe pe;
	int rc;

	rc = kx_pe_parse(b, &pe, err);
	if (rc < 0)
		return rc;
	if (pe.magic != KX_PE_MAGIC_32_PLUS)
		return kx_err_set(err, ENOEXEC,
				  "PE: optional header: expected magic 0x%x (PE32+), have 0x%x",
				  KX_PE_MAGIC_32_PLUS, pe.magic);
	inside.kernel = KX_BYTES_NONE;
	rc = take(&pe, ".linux", &inside.kernel, err);
	if (rc < 0)
		return rc;
	if (!inside.kernel.len)
		return kx_err_set(err, ENOEXEC,
				  "section .linux: expected a kernel in the base profile, it is absent or empty");
	rc = take(&pe, ".dtb", &inside.dtb, err);
	if (rc == 0)
		rc = take_initrd(&pe, a, &inside.initrd, err);
	if (rc == 0)
		rc = take_cmdline(&pe, a, &inside.cmdline, err);
	if (rc == 0)
		*ret = inside;
	return rc;
}

const struct kx_container kx_container_uki = {
	.name = "uki",
	.probe = uki_probe,
	.peel = uki_peel,
};
