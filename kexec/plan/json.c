/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan for programs: --plan=json, schema "kexec-plan/1".
 *
 * A promise, described in doc/plan-json.md: fields are added, never changed.
 * Addresses are strings ("0x…"), because not every reader of JSON keeps 64
 * bits.  Called by verb-load.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kx/arch.h"
#include "print.h"

/* A path for what came from a file, null for what did not. */
static void json_input(struct kx_json *j, const char *name, const struct kx_input *in)
{
	kx_json_object(j, name);
	kx_json_str(j, "path", in->path);
	kx_json_u64(j, "bytes", in->bytes.len);
	kx_json_object_end(j);
}

static void json_known_u64(struct kx_json *j, const char *name, uint64_t value)
{
	if (value)
		kx_json_u64(j, name, value);
	else
		kx_json_str(j, name, NULL);
}

static void json_memory(struct kx_json *j, const char *name, const struct kx_memmap *m)
{
	kx_json_array(j, name);
	for (size_t i = 0; i < m->n; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", m->v[i].r.start);
		kx_json_hex(j, "end", m->v[i].r.end);
		kx_json_str(j, "type", kx_mem_type_name(m->v[i].type));
		kx_json_str(j, "name", m->v[i].name);
		kx_json_u64(j, "depth", m->v[i].depth);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void json_usable(struct kx_json *j, const struct kx_space *s)
{
	kx_json_array(j, "usable");
	for (size_t i = 0; i < s->n; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", s->v[i].r.start);
		kx_json_hex(j, "end", s->v[i].r.end);
		kx_json_bool(j, "removable", s->v[i].removable);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void json_machine(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_sources *s = p->sources;

	kx_json_object(j, "machine");
	kx_json_str(j, "arch", p->arch->name);
	kx_json_str(j, "release", s->release);
	kx_json_u64(j, "page_size", s->page_size);
	json_known_u64(j, "total_ram", s->total_ram);
	kx_json_str(j, "memory_map_source", s->firmware_source);
	json_memory(j, "firmware", &s->firmware);
	json_memory(j, "iomem", &s->iomem);
	if (p->call == KX_CALL_LOAD)
		json_usable(j, &p->usable);
	kx_json_object_end(j);
}

static void json_range(struct kx_json *j, struct kx_range r)
{
	kx_json_hex(j, "start", r.start);
	kx_json_hex(j, "end", r.end);
}

static void json_resume(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_peer *peer = p->saved ? &p->sources->peer : kx_plan_peer(p);

	kx_json_object(j, "resume");
	kx_json_hex(j, "entry", p->saved ? peer->entry : p->param.pc);
	kx_json_str(j, "source", kx_resume_source(p));
	kx_json_str(j, "release", peer && *peer->release ? peer->release : NULL);
	if (peer && !kx_range_empty(peer->window)) {
		kx_json_object(j, "window");
		json_range(j, peer->window);
		kx_json_object_end(j);
	} else {
		kx_json_str(j, "window", NULL);
	}
	kx_json_object_end(j);
}

static void json_function(struct kx_json *j, const struct kx_request *req)
{
	kx_json_object(j, "function");
	kx_json_str(j, "path", req->function.path);
	kx_json_u64(j, "bytes", req->function.bytes.len);
	kx_json_array(j, "arguments");
	for (size_t i = 0; i < req->call_arg_count; i++)
		kx_json_hex(j, NULL, req->call_arg[i]);
	kx_json_array_end(j);
	kx_json_object_end(j);
}

static void json_kernel(struct kx_json *j, const struct kx_plan *p)
{
	kx_json_object(j, "kernel");
	kx_json_str(j, "path", p->request->kernel.path);
	kx_json_array(j, "layers");
	for (size_t i = 0; i < p->payload->layer_count; i++)
		kx_json_str(j, NULL, p->payload->layer[i]);
	kx_json_array_end(j);
	kx_json_str(j, "format", p->format->name);
	kx_json_u64(j, "bytes", p->payload->kernel.len);
	kx_json_object_end(j);
}

static void json_inputs(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_request *req = p->request;

	if (!p->format) {
		kx_json_str(j, "kernel", NULL);
		if (req->resume)
			json_resume(j, p);
		if (p->saved)
			kx_saved_print_json(p, j);
		if (!req->resume && !p->saved)
			json_function(j, req);
		return;
	}
	json_kernel(j, p);
	kx_json_object(j, "initrd");
	kx_json_u64(j, "bytes", p->initrd.len);
	kx_json_array(j, "files");
	for (size_t i = 0; i < req->initrd_count; i++)
		kx_json_str(j, NULL, req->initrd[i].path);
	kx_json_array_end(j);
	kx_json_object_end(j);

	if (req->dtb.path)
		json_input(j, "dtb", &req->dtb);
	kx_json_str(j, "cmdline", p->cmdline);
}

static void json_call(struct kx_json *j, const struct kx_plan *p)
{
	kx_json_object(j, "call");
	kx_json_str(j, "name", kx_call_name(p->call));
	kx_json_hex(j, "flags", p->call == KX_CALL_FILE ? p->file_flags : p->flags);
	kx_json_str(j, "why", p->call_why);
	kx_json_bool(j, "fallback_allowed", p->fallback_allowed);
	kx_json_str(j, "fallback_why_not", p->fallback_allowed ? NULL : p->fallback_why_not);
	kx_json_object_end(j);
}

/* The digest purgatory will compare, or null. */
static void json_digest(struct kx_json *j, const struct kx_plan *p, const struct kx_segment *s)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * PURG_SHA256_LEN + 1] = "";
	bool quarters = false;

	for (uint32_t i = 0; i < p->param.region_count; i++) {
		const struct purg_region *r = &p->param.region[i];

		if (r->pa != s->range.start ||
		    !(r->flags & (PURG_REGION_VERIFY | PURG_REGION_VERIFY_AFTER)))
			continue;
		for (size_t n = 0; n < PURG_SHA256_LEN; n++) {
			hex[2 * n] = digits[r->sha256[n] >> 4];
			hex[2 * n + 1] = digits[r->sha256[n] & 15];
		}
		hex[2 * PURG_SHA256_LEN] = '\0';
		quarters = r->flags & PURG_REGION_QUARTERS;
	}
	kx_json_str(j, "sha256", *hex && !quarters ? hex : NULL);
	if (quarters)
		kx_json_str(j, "sha256_quarters", hex);
}

static void json_segments(struct kx_json *j, const struct kx_plan *p, const char *name,
			  const struct kx_segment *v, size_t n)
{
	kx_json_array(j, name);
	for (size_t i = 0; i < n; i++) {
		const struct kx_segment *s = &v[i];

		kx_json_object(j, NULL);
		kx_json_str(j, "name", s->name);
		kx_json_hex(j, "start", s->range.start);
		kx_json_hex(j, "end", s->range.end);
		kx_json_u64(j, "bytes", s->buf.len);
		kx_json_u64(j, "room", kx_range_len(s->range));
		kx_json_str(j, "why", s->why);
		kx_json_bool(j, "removable", s->removable);
		json_digest(j, p, s);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void json_choice(struct kx_json *j, const char *name, const char *what, const char *why)
{
	kx_json_object(j, name);
	kx_json_str(j, "chosen", what);
	kx_json_str(j, "why", why);
	kx_json_object_end(j);
}

/* A line for each record, as there may be thousands: "lz4 0x…+0x… 0x…+0x…". */
static void json_unpack(struct kx_json *j, const struct kx_plan *p)
{
	char line[100];

	kx_json_u64(j, "unpack_records", p->unpack_count);
	if (p->part_count)
		kx_json_u64(j, "verified_parts", p->part_count);
	kx_json_array(j, "unpack");
	for (size_t i = 0; i < p->unpack_count; i++) {
		const struct purg_unpack *u = &p->unpack[i];

		snprintf(line, sizeof(line),
			 "%s 0x%" PRIx64 "+0x%" PRIx64 " 0x%" PRIx64 "+0x%" PRIx64,
			 kx_codec_name(u->codec), u->src_pa, u->src_len, u->dst_pa, u->dst_len);
		kx_json_str(j, NULL, line);
	}
	kx_json_array_end(j);
}

static void json_own(struct kx_json *j, const struct kx_own *own)
{
	if (kx_range_empty(own->window))
		return;
	kx_json_object(j, "window");
	json_range(j, own->window);
	kx_json_str(j, "why", own->why);
	kx_json_array(j, "low");
	for (size_t i = 0; i < own->low_count; i++) {
		kx_json_object(j, NULL);
		json_range(j, own->low[i]);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_object_end(j);
}

static void json_kept(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_keep *keep = p->request->keep;

	if (!kx_request_keeps(p->request) || !keep)
		return;
	kx_json_object(j, "kept");
	kx_json_bool(j, "taken", keep->run);
	kx_json_u64(j, "pages", keep->page_count);
	kx_json_u64(j, "page_size", keep->page_size);
	kx_json_u64(j, "runs", keep->run_count);
	kx_json_array(j, "areas");
	for (size_t i = 0; i < keep->area_count; i++) {
		kx_json_object(j, NULL);
		json_range(j, keep->area[i]);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_object_end(j);
}

/* A crash kernel, whichever call loads it. */
static void json_crash(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_fit *f = &p->fit;

	if (!p->request->crash)
		return;
	kx_json_object(j, "crash");
	kx_json_array(j, "reservation");
	for (size_t i = 0; i < p->sources->crash_count; i++) {
		kx_json_object(j, NULL);
		json_range(j, p->sources->crash[i]);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_bool(j, "fits", kx_fits(f));
	kx_json_u64(j, "have", f->have);
	kx_json_u64(j, "need", f->need);
	kx_json_u64(j, "kernel", f->kernel);
	kx_json_u64(j, "initrd", f->initrd);
	kx_json_u64(j, "initrd_unpacked", f->unpacked);
	kx_json_bool(j, "initrd_exact", f->exact);
	kx_json_u64(j, "page_tables", f->tables);
	kx_json_u64(j, "work", f->work);
	kx_json_object_end(j);
}

static void json_load(struct kx_json *j, const struct kx_plan *p)
{
	const struct kx_request *req = p->request;

	json_choice(j, "pack", kx_pack_name(p->pack), p->pack_why);
	json_choice(j, "stage", kx_stage_name(p->stage), p->stage_why);
	if (req->preserve && req->context_why)
		json_choice(j, "context", kx_context_name(req), req->context_why);
	json_own(j, &p->own);
	json_kept(j, p);
	json_segments(j, p, "segments", p->segment, p->segment_count);
	json_segments(j, p, "staged", p->staged, p->staged_count);
	json_segments(j, p, "targets", p->target, p->target_count);
	json_unpack(j, p);
	if (p->staged_count)
		kx_json_hex(j, "staged_entry", p->staged_entry);
}

static void json_purgatory(struct kx_json *j, const struct kx_plan *p)
{
	const struct purg_param *param = &p->param;
	const char *paging = kx_paging_name(param->paging);

	kx_json_hex(j, "entry", p->entry);
	kx_json_object(j, "purgatory");
	kx_json_bool(j, "bypassed", p->request->has_entry);
	kx_json_str(j, "on_corrupt", kx_on_fail_name(param->on_fail));
	kx_json_str(j, "console_source", p->sources->console_source);
	kx_json_array(j, "consoles");
	for (uint32_t i = 0; i < param->console_count; i++) {
		kx_json_object(j, NULL);
		kx_json_str(j, "kind", kx_console_name(param->console[i].kind));
		kx_json_hex(j, "address", param->console[i].addr);
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
	kx_json_str(j, "protocol", kx_entry_name(param->entry_kind));
	kx_json_str(j, "paging", paging ? paging : "as entered");
	kx_json_hex(j, "kernel_entry", param->pc);
	kx_json_array(j, "arguments");
	for (size_t i = 0; i < 4; i++)
		kx_json_hex(j, NULL, param->reg[i]);
	kx_json_array_end(j);
	if (param->timing_pa)
		kx_json_hex(j, "timing_record", param->timing_pa);
	else
		kx_json_str(j, "timing_record", NULL);
	if (param->result_pa)
		kx_json_hex(j, "result", param->result_pa);
	kx_json_object_end(j);
}

void kx_plan_print_json(const struct kx_plan *p, struct kx_text *t)
{
	struct kx_json j;

	kx_json_init(&j, t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "kexec-plan/1");
	json_machine(&j, p);
	json_inputs(&j, p);
	json_call(&j, p);
	json_crash(&j, p);
	if (p->call == KX_CALL_LOAD) {
		json_load(&j, p);
		json_purgatory(&j, p);
	}
	kx_json_array(&j, "notes");
	for (size_t i = 0; i < p->note_count; i++)
		kx_json_str(&j, NULL, p->note[i]);
	kx_json_array_end(&j);
	kx_json_object_end(&j);
}
