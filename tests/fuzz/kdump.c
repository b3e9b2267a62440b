/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets of kdump: its configuration, names of dumps, and archives.
 */
#include <errno.h>
#include <string.h>

#include "../../kdump/capture-cmdline.h"
#include "../../kdump/conf.h"
#include "../../kdump/initrd.h"
#include "../../kdump/stamp.h"
#include "targets.h"

static void check_conf(const struct conf *c, struct kx_arena *a)
{
	FUZZ_ASSERT(c->level <= 31 && c->compress && c->path && c->path[0] == '/');
	FUZZ_ASSERT((c->target == TARGET_LOCAL) == !c->where);
	FUZZ_ASSERT(c->final_action < END_COUNT && c->failure_action < END_COUNT);
	/* Nothing that ssh or mount take for an option, and nothing for a shell. */
	FUZZ_ASSERT(!c->where || (c->where[0] != '-' && !strpbrk(c->where, " ;|&$`'\"\\<>()\n")));
	for (size_t i = 0; i < c->remark_count; i++)
		FUZZ_ASSERT(c->remark[i].text && (!i || c->remark[i].line >= c->remark[i - 1].line));
	FUZZ_ASSERT(capture_marked(capture_cmdline(c, "a=b crashkernel=1", "x86_64", a)));
}

static void conf_both(struct kx_bytes in,
		      int (*parse)(struct kx_bytes text, const char *file, bool lenient,
				   struct kx_arena *a, struct conf *ret, struct kx_err *err))
{
	for (int lenient = 0; lenient < 2; lenient++) {
		struct kx_err err = { .code = 0 };
		struct kx_arena a;
		struct conf c;
		int rc;

		kx_arena_init(&a);
		rc = parse(fuzz_copy(&a, in), "FILE", lenient, &a, &c, &err);
		fuzz_check(rc, &err);
		FUZZ_ASSERT(rc == 0 || !lenient);
		if (rc == 0)
			check_conf(&c, &a);
		else
			FUZZ_ASSERT(!strncmp(err.text, "FILE:", 5));
		kx_arena_deinit(&a);
	}
}

void fuzz_kdump_conf(struct kx_bytes in)
{
	conf_both(in, conf_parse);
}

void fuzz_kdump_debian(struct kx_bytes in)
{
	conf_both(in, conf_debian_parse);
}

/* One layer is off: the rest must be archives. */
static int no_unpack(struct kx_bytes b, struct kx_arena *a, struct kx_bytes *ret,
		     struct kx_err *err)
{
	(void)a;
	if (b.len < 2 || b.data[0] != 'P')
		return kx_err_set(err, ENOEXEC, "not packed");
	*ret = (struct kx_bytes){ b.data + 1, b.len - 1 };
	return 0;
}

void fuzz_kdump_initrd(struct kx_bytes in)
{
	struct kx_err err = { .code = 0 };
	struct kx_arena a;
	struct initrd found;
	int rc;

	kx_arena_init(&a);
	rc = initrd_read(fuzz_copy(&a, in), no_unpack, &a, &found, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		FUZZ_ASSERT(found.archive <= in.len);
		for (size_t i = 0; i < found.count; i++)
			fuzz_touch(found.file[i].name);
		initrd_find(&found, "init");
		initrd_module(&found, "ext4");
	}
	kx_arena_deinit(&a);
}

void fuzz_kdump_name(struct kx_bytes in)
{
	char back[STAMP_NAME_MAX + 1];
	struct kx_arena a;
	struct stamp s, again;
	const char *name;

	kx_arena_init(&a);
	name = fuzz_text(&a, in);
	if (stamp_parse(name, &s)) {
		/* What is removed because of its name has no other. */
		stamp_directory(&s, back);
		FUZZ_ASSERT(!strcmp(back, name) && !strchr(name, '/') && name[0] != '.');
		FUZZ_ASSERT(stamp_parse(back, &again) && stamp_compare(&s, &again) == 0);
	}
	stamp_file_of(name);
	kx_arena_deinit(&a);
}
