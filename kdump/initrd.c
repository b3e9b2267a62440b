// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initrds: which files are in one, and how much memory they take.  Archives are "newc"
 * cpio (070701, or 070702 with checksums); an early one that is not packed, with
 * microcode, may stand before the packed one.  Pure; called by contents.c.
 */
#include <errno.h>
#include <string.h>

#include "initrd.h"

/* buffer-format.rst, "struct cpio_header": 6 bytes of magic and 13 fields of 8 digits. */
#define HEADER_LEN	110u
#define FIELD_MODE	1
#define FIELD_FILESIZE	6
#define FIELD_NAMESIZE	11
#define NAME_MAX_LEN	4096u
#define PAGE		4096u
/* A tree of tmpfs also has an inode and a dentry for each file. */
#define INODE_COST	1024u

static bool field(struct kx_bytes b, size_t off, unsigned int i, uint32_t *ret)
{
	const uint8_t *p = b.data + off + 6 + 8 * i;
	uint32_t v = 0;

	for (unsigned int k = 0; k < 8; k++) {
		uint8_t c = p[k] | 0x20;
		unsigned int d = c <= '9' ? c - 0x30u : c - 0x57u;

		if (!((p[k] >= '0' && p[k] <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		v = v << 4 | d;
	}
	*ret = v;
	return true;
}

static bool is_cpio(struct kx_bytes b, size_t off)
{
	return b.len - off >= 6 && (!memcmp(b.data + off, "070701", 6) ||
				    !memcmp(b.data + off, "070702", 6));
}

static uint64_t pad4(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

static int add(struct initrd *in, struct initrd_file f, struct kx_arena *a, struct kx_err *err)
{
	if (in->count == in->room) {
		size_t room = in->room ? 2 * in->room : 256;
		struct initrd_file *v = kx_arena_resize_raw(a, in->file, room * sizeof(*v));

		if (!v)
			return kx_err_set(err, ENOMEM, "out of memory");
		in->file = v;
		in->room = room;
	}
	in->file[in->count++] = f;
	in->unpacked += INODE_COST + (f.len + PAGE - 1) / PAGE * PAGE;
	return 0;
}

/* One member at @off; *ret_end is behind it and its padding. */
static int member(struct kx_bytes b, size_t off, struct initrd_file *ret, size_t *ret_end,
		  struct kx_err *err)
{
	uint32_t mode, len, name_len;
	uint64_t data, end;

	if (b.len - off < HEADER_LEN || !is_cpio(b, off))
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: expected a cpio header of 110 bytes"
				  " (070701), have something else", off);
	if (!field(b, off, FIELD_MODE, &mode) || !field(b, off, FIELD_FILESIZE, &len) ||
	    !field(b, off, FIELD_NAMESIZE, &name_len))
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: cpio header: expected hexadecimal"
				  " digits", off);
	if (!name_len || name_len > NAME_MAX_LEN || name_len > b.len - off - HEADER_LEN)
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: namesize: expected 1 to %u bytes that"
				  " are there, have %u", off, NAME_MAX_LEN, name_len);
	ret->name = (struct kx_bytes){ b.data + off + HEADER_LEN, name_len - 1 };
	if (ret->name.data[name_len - 1])
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: expected a NUL behind the name", off);
	/* Both are aligned to the archive's start, which is 4-aligned in the file. */
	data = pad4((uint64_t)off + HEADER_LEN + name_len);
	end = data + len;
	if (end > b.len)
		return kx_err_set(err, ENOEXEC, "offset 0x%zx: filesize: expected at most what is"
				  " there, have 0x%x", off, len);
	ret->len = len;
	ret->mode = mode;
	*ret_end = pad4(end) < b.len ? (size_t)pad4(end) : b.len;
	return 0;
}

static bool name_is(struct kx_bytes name, const char *want)
{
	return name.len == strlen(want) && !memcmp(name.data, want, name.len);
}

static struct kx_bytes strip(struct kx_bytes name)
{
	if (name.len >= 2 && name.data[0] == '.' && name.data[1] == '/') {
		name.data += 2;
		name.len -= 2;
	}
	while (name.len && name.data[0] == '/') {
		name.data++;
		name.len--;
	}
	return name;
}

int cpio_read(struct kx_bytes b, struct initrd *in, struct kx_arena *a, size_t *ret_used,
	      struct kx_err *err)
{
	struct initrd_file f = { .len = 0 };
	size_t off = 0;
	int r;

	for (;;) {
		r = member(b, off, &f, &off, err);
		if (r < 0)
			return r;
		if (name_is(f.name, "TRAILER!!!"))
			break;
		f.name = strip(f.name);
		r = add(in, f, a, err);
		if (r < 0)
			return r;
	}
	while (off < b.len && !b.data[off])
		off++;
	in->archive += off;
	*ret_used = off;
	return 0;
}

int initrd_read(struct kx_bytes b,
		int (*unpack)(struct kx_bytes b, struct kx_arena *a, struct kx_bytes *ret,
			      struct kx_err *err),
		struct kx_arena *a, struct initrd *ret, struct kx_err *err)
{
	struct initrd in = { 0 };
	bool packed = false;
	size_t used;
	int r;

	while (b.len) {
		if (!is_cpio(b, 0)) {
			/* One layer, and the last thing in the file. */
			if (packed)
				return kx_err_set(err, ENOEXEC, "expected a cpio archive inside what"
						  " is packed, have something else");
			r = unpack(b, a, &b, err);
			if (r < 0)
				return r;
			packed = true;
			continue;
		}
		r = cpio_read(b, &in, a, &used, err);
		if (r < 0)
			return r;
		b.data += used;
		b.len -= used;
	}
	*ret = in;
	return 0;
}

static struct kx_bytes last_part(struct kx_bytes name)
{
	for (size_t i = name.len; i; i--)
		if (name.data[i - 1] == '/')
			return (struct kx_bytes){ name.data + i, name.len - i };
	return name;
}

const struct initrd_file *initrd_find(const struct initrd *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (name_is(last_part(in->file[i].name), name))
			return &in->file[i];
	return NULL;
}

/* "ext4.ko", "ext4.ko.xz": is it the module @want? */
static bool is_module(struct kx_bytes file, const char *want)
{
	size_t n = strlen(want);

	if (file.len < n + 3 || memcmp(file.data + n, ".ko", 3) ||
	    (file.len > n + 3 && file.data[n + 3] != '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((file.data[i] == '-' ? '_' : file.data[i]) !=
		    (want[i] == '-' ? '_' : (uint8_t)want[i]))
			return false;
	return true;
}

const struct initrd_file *initrd_module(const struct initrd *in, const char *name)
{
	for (size_t i = 0; i < in->count; i++)
		if (is_module(last_part(in->file[i].name), name))
			return &in->file[i];
	return NULL;
}
