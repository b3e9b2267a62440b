// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump status: is a crash kernel loaded, which configuration was read, and where dumps
 * go.  Exit status 1: none is loaded.
 */
#include <inttypes.h>

#include "kdump.h"

/* Of the dumps, what is known without asking a network. */
struct known {
	bool any;
	size_t count;
	const char *latest;
};

static struct known dumps_known(struct kdump *k)
{
	struct known n = { .any = false };
	struct dump_dir *v;
	const char *base;

	if (k->conf.target != TARGET_LOCAL || dumps_base(k, &base, NULL) < 0 ||
	    dumps_read(k->arena, base, &v, &n.count, NULL) < 0)
		return n;
	n.any = true;
	n.latest = n.count ? v[0].name : NULL;
	return n;
}

static void print(struct kdump *k, const struct machine *m, const struct known *n)
{
	const struct conf *c = &k->conf;
	struct kx_text *t = &k->out;

	kx_text_add(t, "kernel       %s\n", m->release);
	kx_text_add(t, "crash kernel %s\n", m->loaded ? "loaded" :
		    m->loaded_known ? "not loaded" : "not supported by this kernel");
	kx_text_add(t, "reserved     %" PRIu64 " MiB\n", m->reserved >> 20);
	kx_text_add(t, "config       %s%s%s%s\n", c->file ? c->file : "none, the defaults",
		    c->file ? ", read as " : "", c->file ? layout_name(c->layout) : "",
		    c->off_line ? ", switched off by USE_KDUMP=0" : "");
	kx_text_add(t, "target       %s %s%s%s\n", target_name(c->target), c->where ? c->where : "",
		    c->where ? " " : "", c->target == TARGET_RAW ? "" : c->path);
	kx_text_add(t, "dump         -d %u --compress=%s\n", c->level, c->compress);
	kx_text_add(t, "afterwards   %s, if it failed %s, after %u s at most\n",
		    end_name(c->final_action), end_name(c->failure_action), c->capture_timeout);
	if (n->any)
		kx_text_add(t, "dumps        %zu%s%s\n", n->count, n->latest ? ", the latest " : "",
			    n->latest ? n->latest : "");
	for (size_t i = 0; i < c->remark_count; i++)
		kx_text_add(t, "remark       %s:%u: %s\n", c->file, c->remark[i].line,
			    c->remark[i].text);
}

static void print_json(struct kdump *k, const struct machine *m, const struct known *n)
{
	const struct conf *c = &k->conf;
	struct kx_json j;

	kx_json_init(&j, &k->out);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "kernel", m->release);
	kx_json_bool(&j, "loaded", m->loaded);
	kx_json_u64(&j, "reserved", m->reserved);
	kx_json_bool(&j, "switched_off", c->off_line);
	kx_json_str(&j, "config", c->file);
	kx_json_str(&j, "format", c->file ? c->layout == LAYOUT_DEBIAN ? "debian" : "kdump.conf" : NULL);
	kx_json_str(&j, "target", target_name(c->target));
	kx_json_str(&j, "where", c->where);
	kx_json_str(&j, "path", c->target == TARGET_RAW ? NULL : c->path);
	kx_json_u64(&j, "level", c->level);
	kx_json_str(&j, "compress", c->compress);
	kx_json_u64(&j, "keep", c->keep);
	kx_json_u64(&j, "capture_timeout", c->capture_timeout);
	kx_json_str(&j, "final_action", end_name(c->final_action));
	kx_json_str(&j, "failure_action", end_name(c->failure_action));
	kx_json_array(&j, "remarks");
	for (size_t i = 0; i < c->remark_count; i++) {
		kx_json_object(&j, NULL);
		kx_json_u64(&j, "line", c->remark[i].line);
		kx_json_str(&j, "text", c->remark[i].text);
		kx_json_object_end(&j);
	}
	kx_json_array_end(&j);
	if (n->any) {
		kx_json_u64(&j, "dumps", n->count);
		kx_json_str(&j, "latest", n->latest);
	}
	kx_json_object_end(&j);
	kx_text_add(&k->out, "\n");
}

int verb_status(struct kdump *k, struct kx_err *err)
{
	struct machine m;
	struct known n;

	if (machine_read(k, &m, err) < 0)
		return STATUS_FAILED;
	n = dumps_known(k);
	(k->o->json ? print_json : print)(k, &m, &n);
	return m.loaded ? STATUS_OK : STATUS_FAILED;
}
