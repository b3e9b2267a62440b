// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initrds: which files are in one, and how much memory they take.  An early archive that
 * is not packed, with microcode, may stand before the packed one.  Pure; called by contents.c.
 */
#include <errno.h>
#include <string.h>

#include "initrd.h"
#include "kx/cpio.h"

#define PAGE		4096u
/* A tree of tmpfs also has an inode and a dentry for each file. */
#define INODE_COST	1024u

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
	struct kx_cpio_member m = { .last = false };
	size_t off = 0;
	int r;

	for (;;) {
		r = kx_cpio_member(b, off, &m, &off, err);
		if (r < 0)
			return r;
		if (m.last)
			break;
		r = add(in, (struct initrd_file){ .name = strip(m.name), .len = m.len, .mode = m.mode },
			a, err);
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
		if (!kx_cpio_is(b, 0)) {
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
