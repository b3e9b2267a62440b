// SPDX-License-Identifier: GPL-2.0-only
/*
 * --dmesg: the kernel's log, through the backup map.  As text in the form that
 * vmcore-dmesg(8) of kexec-tools 2 has: the time in brackets, the text with line
 * breaks as they are, and bytes that do not print as \xNN.  The JSON is a promise:
 * doc/plan-json.md, schema "vmcore-dmesg/1".  Called by main.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "kx/core-va.h"
#include "kx/printk.h"
#include "vmcore-dump.h"

/* A log may have gigabytes: write it in pieces of about this. */
#define PIECE	((size_t)64 << 10)

/* struct printk_info: "caller_id ... 0x80000000 + processor id" where it is no thread. */
#define CALLER_CPU	0x80000000u

/* What prints a record, and where. */
struct sink {
	void (*print)(struct sink *s, const struct kx_printk_record *r);
	struct kx_text *t;
	struct kx_json json;
	FILE *to;
	uint64_t since;			/* the first one that is printed */
};

/* struct kx_printk_source.read */
static int memory_read(void *ctx, uint64_t va, void *to, size_t len, struct kx_err *err)
{
	return kx_core_va_read(ctx, va, to, len, err);
}

static int put(struct sink *s, struct kx_err *err)
{
	return text_put(s->t, s->to, s->to == stdout ? "standard output" : "the log's file", err);
}

/* struct kx_printk_sink.record */
static int record_print(void *ctx, const struct kx_printk_record *r, struct kx_err *err)
{
	struct sink *s = ctx;

	if (r->has_seq && r->seq < s->since)
		return 0;
	s->print(s, r);
	return s->t->len < PIECE ? 0 : put(s, err);
}

/* ---- for people -------------------------------------------------------------------- */

/* isprint() and isspace() of the C locale: UTF-8 does not print. */
static bool plain(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

static void text_print(struct sink *s, const struct kx_printk_record *r)
{
	const char *p = (const char *)r->text.data;
	size_t done = 0;

	if (r->has_time)
		kx_text_add(s->t, "[%5" PRIu64 ".%06" PRIu64 "] ", r->time_ns / 1000000000,
			    r->time_ns % 1000000000 / 1000);
	for (size_t i = 0; i < r->text.len; i++) {
		if (plain(r->text.data[i]))
			continue;
		kx_text_raw(s->t, p + done, i - done);
		kx_text_add(s->t, "\\x%02x", r->text.data[i]);
		done = i + 1;
	}
	if (r->text.len)
		kx_text_raw(s->t, p + done, r->text.len - done);
	kx_text_raw(s->t, "\n", 1);
}

/* ---- for programs -------------------------------------------------------------------- */

static void json_known(struct kx_json *j, const char *name, bool known, uint64_t v)
{
	if (known)
		kx_json_u64(j, name, v);
	else
		kx_json_str(j, name, NULL);
}

static void json_print(struct sink *s, const struct kx_printk_record *r)
{
	struct kx_json *j = &s->json;
	char caller[16];

	snprintf(caller, sizeof(caller), "%c%" PRIu32, r->caller & CALLER_CPU ? 'C' : 'T',
		 r->caller & ~CALLER_CPU);
	kx_json_object(j, NULL);
	json_known(j, "seq", r->has_seq, r->seq);
	json_known(j, "time_ns", r->has_time, r->time_ns);
	json_known(j, "level", r->has_level, r->level);
	json_known(j, "facility", r->has_level, r->facility);
	kx_json_bool(j, "continued", r->continued);
	kx_json_str(j, "caller", r->has_caller ? caller : NULL);
	kx_json_str(j, "subsystem", r->subsystem);
	kx_json_str(j, "device", r->device);
	kx_json_bytes(j, "text", r->text);
	kx_json_object_end(j);
}

static void json_begin(const struct dump *d, struct kx_json *j)
{
	static const char *const formats[] = {
		[KX_PRINTK_RING] = "ringbuffer",
		[KX_PRINTK_RECORDS] = "records",
		[KX_PRINTK_PLAIN] = "plain",
	};
	enum kx_printk_format format;

	kx_json_object(j, NULL);
	kx_json_str(j, "schema", "vmcore-dmesg/1");
	kx_json_str(j, "file", d->path);
	kx_json_str(j, "machine", kx_core_machine_name(&d->core));
	kx_json_str(j, "release", kx_vmcoreinfo_str(d->vmcoreinfo, "OSRELEASE", d->arena));
	kx_json_str(j, "format", kx_printk_format(d->vmcoreinfo, &format, NULL) == 0 ?
		    formats[format] : NULL);
	kx_json_array(j, "records");
}

static void json_end(const struct kx_printk_loss *l, struct kx_json *j)
{
	kx_json_array_end(j);
	kx_json_object(j, "left_out");
	kx_json_u64(j, "unfinished", l->unfinished);
	kx_json_u64(j, "without_text", l->without_text);
	kx_json_u64(j, "malformed", l->bad);
	kx_json_str(j, "first_malformed", l->bad ? l->first_bad : NULL);
	kx_json_object_end(j);
	kx_json_object_end(j);
}

/* ---- what was left out --------------------------------------------------------------- */

/* NULL: nothing, or no memory to say it. */
static const char *loss_text(const struct dump *d, const struct kx_printk_loss *l)
{
	const struct {
		uint64_t count;
		const char *what;
	} losses[] = {
		{ l->unfinished, "unfinished" },
		{ l->without_text, "without text" },
		{ l->bad, "malformed or not in the core" },
	};
	struct kx_text t;

	kx_text_init(&t, d->arena);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		if (losses[i].count)
			kx_text_add(&t, "%s%" PRIu64 " %s", t.len ? ", " : "left out of the log: ",
				    losses[i].count, losses[i].what);
	if (l->bad)
		kx_text_add(&t, ", the first: %s", l->first_bad);
	return t.len ? kx_text_str(&t) : NULL;
}

/* Of a map that is not whole, what it lacks is the running kernel's memory. */
static const char *map_text_of(const struct dump *d)
{
	if (!kx_contexts_map(&d->notes) || d->notes.map.status == CONTEXT_FILLED)
		return NULL;
	return kx_arena_printf(d->arena, "backup map: expected a filled one, have status %s: the"
			       " log may be the running kernel's in part",
			       context_status_name(d->notes.map.status));
}

/* What there is to say after all that can be read was printed. */
static int loss_report(struct dump *d, const struct kx_printk_loss *l, struct kx_err *err)
{
	const char *lost = loss_text(d, l);

	d->remark[0] = map_text_of(d);
	if (l->bad)
		return kx_err_set(err, EBADMSG, "%s: %s", d->path, lost);
	d->remark[1] = lost;
	return 0;
}

int dmesg(struct dump *d, enum dmesg_how how, FILE *to, struct kx_err *err)
{
	bool json = how == DMESG_JSON;
	struct kx_text t;
	struct sink sink = { .print = json ? json_print : text_print, .t = &t, .to = to };
	const struct kx_printk_sink out = { .record = record_print, .ctx = &sink };
	struct kx_printk_loss loss = { .bad = 0 };
	struct kx_printk_source source;
	struct kx_core_va va;
	int r;

	kx_core_va_init(&va, &d->core, kx_contexts_map(&d->notes), d->vmcoreinfo);
	source = (struct kx_printk_source){ memory_read, &va, d->vmcoreinfo };
	if (how == DMESG_SINCE_CLEARED) {
		r = kx_printk_cleared(&source, &sink.since, err);
		if (r < 0)
			return kx_err_wrap(err, "%s", d->path);
	}
	kx_text_init(&t, d->arena);
	kx_json_init(&sink.json, &t);
	if (json)
		json_begin(d, &sink.json);
	r = kx_printk_read(&source, &out, d->arena, &loss, err);
	if (r < 0)
		return kx_err_wrap(err, "%s", d->path);
	if (json)
		json_end(&loss, &sink.json);
	r = put(&sink, err);
	return r < 0 ? r : loss_report(d, &loss, err);
}
