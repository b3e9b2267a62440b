/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark "returning" (returning.h), one line:
 *
 *	kernel|resume RELEASE|- ENTRY WINDOW-START WINDOW-END TIMES
 *
 * Numbers as 0x hexadecimal.  Only kexec writes it; a line that it did not write
 * says nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "facts.h"
#include "kx/keep-take.h"
#include "kx/number.h"
#include "kx/sys.h"
#include "mark.h"
#include "returning.h"

#define MARK	"returning"
#define NUMBERS	4

static const char *const kind_names[] = {
	[KX_RETURNING_KERNEL] = "kernel", [KX_RETURNING_RESUME] = "resume",
};

static enum kx_returning_kind kind_by_name(const char *name)
{
	for (size_t i = KX_RETURNING_KERNEL; i <= KX_RETURNING_RESUME; i++)
		if (!strcmp(name, kind_names[i]))
			return (enum kx_returning_kind)i;
	return KX_RETURNING_NONE;
}

/* @line is changed; *ret only when all of it is as it should be. */
static void parse(char *line, struct kx_returning *ret)
{
	struct kx_returning v = { .kind = KX_RETURNING_NONE };
	uint64_t n[NUMBERS];
	char *save, *word = strtok_r(line, " ", &save);

	v.kind = word ? kind_by_name(word) : KX_RETURNING_NONE;
	word = strtok_r(NULL, " ", &save);
	if (v.kind == KX_RETURNING_NONE || !word || strlen(word) >= sizeof(v.release))
		return;
	if (strcmp(word, "-"))
		memcpy(v.release, word, strlen(word));
	for (size_t i = 0; i < NUMBERS; i++) {
		word = strtok_r(NULL, " ", &save);
		if (!word || kx_number_parse(word, 16, &n[i], NULL) < 0)
			return;
	}
	v.entry = n[0];
	v.window = (struct kx_range){ n[1], n[2] };
	v.times = n[3];
	if (v.window.start <= v.window.end && !strtok_r(NULL, " ", &save))
		*ret = v;
}

/* One that is malformed is for -e to tell. */
static int read_keeping(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_returning *ret = &s->returning;
	struct kx_keeping v = { .release = "" };
	struct kx_err bad = { 0 };
	bool set;
	int r = kx_keeping_read(s->root, a, &set, &v, &bad);

	if (r == -ENOMEM)
		return kx_err_set(err, ENOMEM, "out of memory");
	if (r == 0 && !set)
		return 0;
	ret->kind = KX_RETURNING_SNAPSHOT;
	ret->times = v.times;
	if (strlen(v.release) < sizeof(ret->release))
		memcpy(ret->release, v.release, strlen(v.release));
	return 0;
}

int kx_returning_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	const char *text;
	char *line;
	bool set;
	int r;

	s->returning = (struct kx_returning){ .kind = KX_RETURNING_NONE };
	if (s->kexec_loaded.known && !s->kexec_loaded.value)
		return read_keeping(s, a, err);
	r = kx_mark_read(s->root, MARK, a, &set, &text, err);
	if (r < 0)
		return r;
	if (!set || !s->kexec_loaded.known || !s->kexec_loaded.value)
		return 0;
	line = kx_arena_strdup(a, text);
	if (!line)
		return kx_err_set(err, ENOMEM, "out of memory");
	parse(line, &s->returning);
	return 0;
}

static int write_mark(const char *root, const struct kx_returning *v, struct kx_err *err)
{
	struct kx_arena a;
	const char *line;
	int r;

	kx_arena_init(&a);
	line = kx_arena_printf(&a, "%s %s 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64,
			       kind_names[v->kind], *v->release ? v->release : "-", v->entry,
			       v->window.start, v->window.end, v->times);
	r = line ? kx_mark_write(root, MARK, line, err) : kx_err_set(err, ENOMEM, "out of memory");
	kx_arena_deinit(&a);
	return r;
}

int kx_returning_note(const struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_returning v = {
		.kind = req->resume ? KX_RETURNING_RESUME : KX_RETURNING_KERNEL,
		.entry = req->resume ? p->param.pc : p->entry,
		.window = p->own.window,
	};
	const char *release = req->resume ? p->sources->peer.release : p->release;

	/* The other image stays what it was. */
	if (req->crash)
		return 0;
	/* A function is gone before anybody could ask, and a snapshot knows nothing of it. */
	if (!req->preserve || req->function.path || req->context == KX_PRESERVE_SNAPSHOT)
		return kx_returning_forget(p->sources->root, err);
	/* It has to be one word. */
	if (release && strlen(release) < sizeof(v.release) && !strpbrk(release, " \n"))
		memcpy(v.release, release, strlen(release));
	return write_mark(p->sources->root, &v, err);
}

int kx_returning_forget(const char *root, struct kx_err *err)
{
	return kx_mark_remove(root, MARK, err);
}

int kx_returning_count(struct kx_sources *s, struct kx_err *err)
{
	if (s->returning.kind == KX_RETURNING_NONE)
		return 0;
	s->returning.times++;
	return write_mark(s->root, &s->returning, err);
}
