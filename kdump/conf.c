// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump.conf(5): lines of a key, space, and a value up to the end of the line or a '#'.
 * The keys are Fedora's (kdump-utils, its kdump.conf) and ours.  Adding one: a row here,
 * and one in doc/man/kdump.conf.5, which tests/cli/kdump compares.  Called by conf-find.c.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

static int set_raw(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	(void)k;
	return conf_set_target(r, TARGET_RAW, NULL, value, err);
}

static int set_nfs(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	return conf_set_target(r, TARGET_NFS, k->name, value, err);
}

static int set_ssh(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	(void)k;
	return conf_set_target(r, TARGET_SSH, NULL, value, err);
}

static int set_device(struct conf_reader *r, const struct conf_key *k, const char *value,
		      struct kx_err *err)
{
	return conf_set_target(r, TARGET_DEVICE, k->name, value, err);
}

#define FIELD(name)	offsetof(struct conf, name)
#define BUILDER	"is for who builds the initrd, and has no effect here"
#define IGNORED	"is not supported, and ignored"

static const struct conf_key keys[] = {
	/* Fedora's */
	{ "raw", set_raw, 0, NULL },
	{ "nfs", set_nfs, 0, NULL },
	{ "nfs4", set_nfs, 0, NULL },
	{ "ssh", set_ssh, 0, NULL },
	{ "ext2", set_device, 0, NULL },
	{ "ext3", set_device, 0, NULL },
	{ "ext4", set_device, 0, NULL },
	{ "xfs", set_device, 0, NULL },
	{ "btrfs", set_device, 0, NULL },
	{ "f2fs", set_device, 0, NULL },
	{ "vfat", set_device, 0, NULL },
	{ "sshkey", conf_set_path, FIELD(sshkey), NULL },
	{ "path", conf_set_path, FIELD(path), NULL },
	{ "core_collector", conf_set_dump_args, 0, NULL },
	{ "kdump_pre", conf_set_path, FIELD(pre), NULL },
	{ "kdump_post", conf_set_path, FIELD(post), NULL },
	{ "failure_action", conf_set_end, FIELD(failure_action), NULL },
	{ "default", conf_set_end, FIELD(failure_action), NULL },
	{ "final_action", conf_set_end, FIELD(final_action), NULL },
	{ "auto_reset_crashkernel", conf_set_nothing, 0,
	  "kdump never changes the boot loader; kdump estimate says what to set" },
	{ "extra_bins", conf_set_nothing, 0, BUILDER },
	{ "extra_modules", conf_set_nothing, 0, BUILDER },
	{ "dracut_args", conf_set_nothing, 0, BUILDER },
	{ "force_rebuild", conf_set_nothing, 0, BUILDER },
	{ "force_no_rebuild", conf_set_nothing, 0, BUILDER },
	{ "kdump_emergency", conf_set_nothing, 0, IGNORED },
	{ "fence_kdump_nodes", conf_set_nothing, 0, IGNORED },
	{ "fence_kdump_args", conf_set_nothing, 0, IGNORED },
	/* ours */
	{ "level", conf_set_level, 0, NULL },
	{ "compress", conf_set_compress, 0, NULL },
	{ "keep", conf_set_number, FIELD(keep), NULL },
	{ "kernel", conf_set_path, FIELD(kernel), NULL },
	{ "initrd", conf_set_path, FIELD(initrd), NULL },
	{ "cmdline", conf_set_text, FIELD(cmdline), NULL },
	{ "cmdline_remove", conf_set_text, FIELD(cmdline_remove), NULL },
	{ "cmdline_append", conf_set_text, FIELD(cmdline_append), NULL },
	{ "kexec_args", conf_set_text, FIELD(kexec_args), NULL },
	{ "mount_options", conf_set_text, FIELD(mount_options), NULL },
	{ "capture_timeout", conf_set_number, FIELD(capture_timeout), NULL },
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * A line of the file as a string without comment and the space around it; "" if nothing
 * is left.  "#" begins a comment anywhere, as Fedora's reader has it.
 */
static char *line_text(struct conf_reader *r, struct kx_bytes line, struct kx_err *err)
{
	const char *p = (const char *)line.data;
	size_t start = 0, end = 0;
	char *s;

	while (end < line.len && p[end] != '#')
		end++;
	while (start < end && is_blank(p[start]))
		start++;
	while (end > start && is_blank(p[end - 1]))
		end--;
	for (size_t i = start; i < end; i++)
		if ((unsigned char)p[i] < ' ' && p[i] != '\t') {
			kx_err_set(err, EINVAL, "expected text, have a byte 0x%02x", p[i]);
			return NULL;
		}
	s = kx_arena_alloc_raw(r->arena, end - start + 1);
	if (!s) {
		kx_err_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(s, p + start, end - start);
	s[end - start] = '\0';
	return s;
}

static int take_line(struct conf_reader *r, struct kx_bytes line, unsigned int *seen,
		     struct kx_err *err)
{
	char *s = line_text(r, line, err), *value;
	size_t len;

	if (!s)
		return -err->code;
	if (!*s)
		return 0;
	len = strcspn(s, " \t");
	value = s + len + strspn(s + len, " \t");
	s[len] = '\0';
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].name, s))
			continue;
		if (!*value)
			return kx_err_set(err, EINVAL, "%s: expected a value, have none", s);
		return conf_take(r, &keys[i], &seen[i], value, err);
	}
	return kx_err_set(err, EINVAL, "expected a key of kdump.conf(5), have '%s'", s);
}

int conf_parse(struct kx_bytes text, const char *file, bool lenient, struct kx_arena *a,
	       struct conf *ret, struct kx_err *err)
{
	struct conf_reader r = { .arena = a, .file = file, .lenient = lenient };
	unsigned int seen[KEYS] = { 0 };
	struct conf c;
	int n;

	conf_init(&c, LAYOUT_FEDORA);
	c.file = file;
	r.conf = &c;
	for (size_t off = 0; off < text.len;) {
		const uint8_t *start = text.data + off;
		const uint8_t *end = memchr(start, '\n', text.len - off);
		size_t len = end ? (size_t)(end - start) : text.len - off;

		r.line++;
		off += len + 1;
		n = take_line(&r, (struct kx_bytes){ start, len }, seen, err);
		if (n < 0)
			n = conf_line_failed(&r, err);
		if (n < 0)
			return n;
	}
	*ret = c;
	return 0;
}
