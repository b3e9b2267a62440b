// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of cpio archives (kx/cpio.h).  Called by initrd-size.c for `kexec -p`, and by
 * kdump for the names of the files.
 */
#include <errno.h>
#include <string.h>

#include "kx/cpio.h"
#include "kx/range.h"

/* buffer-format.rst, "struct cpio_header": 6 bytes of magic and 13 fields of 8 digits. */
#define HEADER_LEN	110u
#define FIELD_MODE	1
#define FIELD_FILESIZE	6
#define FIELD_NAMESIZE	11
#define NAME_MAX_LEN	4096u

static const char trailer[] = "TRAILER!!!";

static bool field(struct kx_bytes b, size_t off, unsigned int i, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const uint8_t *p = b.data + off + 6 + 8 * i;

	*ret = 0;
	for (unsigned int k = 0; k < 8; k++) {
		const char *at = p[k] ? strchr(digits, p[k]) : NULL;

		if (!at)
			return false;
		*ret = *ret << 4 | ((uint32_t)(at - digits) & 15);
	}
	return true;
}

bool kx_cpio_is(struct kx_bytes b, size_t off)
{
	struct kx_bytes rest = { b.data + off, b.len - off };

	return kx_bytes_starts(rest, "070701", 6) || kx_bytes_starts(rest, "070702", 6);
}

int kx_cpio_member(struct kx_bytes b, size_t off, struct kx_cpio_member *ret, size_t *ret_end,
		   struct kx_err *err)
{
	uint32_t mode, len, name_len;
	struct kx_bytes name;
	uint64_t end;

	if (b.len - off < HEADER_LEN || !kx_cpio_is(b, off))
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: expected a cpio header of %u bytes"
				  " (070701), have something else", off, HEADER_LEN);
	if (!field(b, off, FIELD_MODE, &mode) || !field(b, off, FIELD_FILESIZE, &len) ||
	    !field(b, off, FIELD_NAMESIZE, &name_len))
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: cpio header: expected hexadecimal"
				  " digits", off);
	if (!name_len || name_len > NAME_MAX_LEN || name_len > b.len - off - HEADER_LEN)
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: namesize: expected 1 to %u bytes that"
				  " are there, have %u", off, NAME_MAX_LEN, name_len);
	name = (struct kx_bytes){ b.data + off + HEADER_LEN, name_len - 1 };
	if (name.data[name.len])
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: expected a NUL behind the name", off);
	/* Both are aligned to the archive's start, which is 4-aligned in the file. */
	end = kx_align_up((uint64_t)off + HEADER_LEN + name_len, 4) + len;
	if (end > b.len)
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: filesize: expected at most what is"
				  " there, have 0x%x", off, len);
	*ret = (struct kx_cpio_member){
		.name = name, .mode = mode, .len = len,
		.last = name.len == strlen(trailer) && !memcmp(name.data, trailer, name.len),
	};
	end = kx_align_up(end, 4);
	*ret_end = end < b.len ? (size_t)end : b.len;
	return 0;
}
