/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * -S, --status=json and --print-ckr-size: what is loaded, and what could be.
 *
 * The JSON is a promise: doc/plan-json.md describes schema "kexec-status/1".
 * Called by main.c.
 */
#include <errno.h>
#include <stdint.h>

#include "kx/json.h"
#include "kx/sys.h"
#include "verb.h"

#define NO_LIMIT	UINT64_MAX

static const char *lockdown_name(enum kx_lockdown l)
{
	static const char *const name[] = {
		[KX_LOCKDOWN_NONE] = "none",
		[KX_LOCKDOWN_INTEGRITY] = "integrity",
		[KX_LOCKDOWN_CONFIDENTIALITY] = "confidentiality",
	};

	return name[l];
}

/*
 * The kernel calls everything in the reservation a crash image.  A payload
 * staged there is none: whoever asks wants to know whether a panic would leave
 * a dump.
 */
static struct kx_opt_u64 crash_kernel(const struct kx_sources *s)
{
	struct kx_opt_u64 v = s->crash_loaded;

	if (s->crash_is_staged)
		v.value = 0;
	return v;
}

/* Why a load of a normal kernel with this call would be refused; NULL if not. */
static const char *refusal(const struct kx_sources *s, bool file)
{
	const struct {
		bool refused;
		const char *why;
	} rule[] = {
		{ !s->kexec_loaded.known, "this kernel cannot kexec (no /sys/kernel/kexec_loaded)" },
		{ !file && s->config_kexec == 0, "the kernel is built without CONFIG_KEXEC" },
		{ file && s->config_kexec_file == 0,
		  "the kernel is built without CONFIG_KEXEC_FILE" },
		{ !s->has_cap_boot, "CAP_SYS_BOOT is missing: not root" },
		{ s->load_disabled.known && s->load_disabled.value,
		  "sysctl kernel.kexec_load_disabled is 1" },
		{ s->limit_reboot.known && s->limit_reboot.value == 0,
		  "sysctl kernel.kexec_load_limit_reboot is used up" },
		{ !file && s->lockdown != KX_LOCKDOWN_NONE,
		  "the kernel is locked down: only kexec_file_load of a signed kernel may work" },
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		if (rule[i].refused)
			return rule[i].why;
	return NULL;
}

/* true, false, or null when it cannot be known. */
static void json_known(struct kx_json *j, const char *name, const struct kx_opt_u64 *v)
{
	if (v->known)
		kx_json_bool(j, name, v->value != 0);
	else
		kx_json_str(j, name, NULL);
}

static void json_limit(struct kx_json *j, const char *name, const struct kx_opt_u64 *v)
{
	if (v->known && v->value != NO_LIMIT)
		kx_json_u64(j, name, v->value);
	else
		kx_json_str(j, name, NULL);
}

static void json_call(struct kx_json *j, const char *name, const char *why)
{
	kx_json_object(j, name);
	kx_json_bool(j, "allowed", !why);
	kx_json_str(j, "why_not", why);
	kx_json_object_end(j);
}

static void json_crash_regions(struct kx_json *j, const struct kx_sources *s)
{
	kx_json_array(j, "crash_regions");
	for (size_t i = 0; i < s->crash_count; i++) {
		kx_json_object(j, NULL);
		kx_json_hex(j, "start", s->crash[i].start);
		kx_json_hex(j, "end", s->crash[i].end);
		kx_json_u64(j, "bytes", kx_range_len(s->crash[i]));
		kx_json_object_end(j);
	}
	kx_json_array_end(j);
}

static void json_window(struct kx_json *j, struct kx_range r)
{
	if (kx_range_empty(r)) {
		kx_json_str(j, "window", NULL);
		return;
	}
	kx_json_object(j, "window");
	kx_json_hex(j, "start", r.start);
	kx_json_hex(j, "end", r.end);
	kx_json_object_end(j);
}

/* The address at which a kernel is entered; 0 is none. */
static void json_entry(struct kx_json *j, uint64_t entry)
{
	if (entry)
		kx_json_hex(j, "entry", entry);
	else
		kx_json_str(j, "entry", NULL);
}

static void json_peer(struct kx_json *j, const struct kx_peer *peer)
{
	if (!peer->present) {
		kx_json_str(j, "peer", NULL);
		return;
	}
	kx_json_object(j, "peer");
	kx_json_str(j, "release", *peer->release ? peer->release : NULL);
	json_entry(j, peer->entry);
	json_window(j, peer->window);
	kx_json_str(j, "source", peer->source);
	kx_json_str(j, "context", peer->kept ? "snapshot" : "jump");
	kx_json_object_end(j);
}

static void json_returning(struct kx_json *j, const struct kx_returning *r)
{
	static const char *const kind[] = {
		[KX_RETURNING_KERNEL] = "kernel", [KX_RETURNING_RESUME] = "resume",
		[KX_RETURNING_SNAPSHOT] = "snapshot",
	};

	if (r->kind == KX_RETURNING_NONE) {
		kx_json_str(j, "returning", NULL);
		return;
	}
	kx_json_object(j, "returning");
	kx_json_str(j, "kind", kind[r->kind]);
	kx_json_str(j, "release", *r->release ? r->release : NULL);
	json_entry(j, r->entry);
	json_window(j, r->window);
	kx_json_u64(j, "times", r->times);
	kx_json_object_end(j);
}

/* What a kernel that sleeps has left may be malformed; the rest is known all the same. */
static void read_peer(struct kexec *k)
{
	struct kx_err err = { 0 };

	if (kx_peer_read(&k->src, &k->arena, &err) < 0)
		kexec_warn("%s", err.text);
}

static int status_json(struct kexec *k)
{
	const struct kx_sources *s = &k->src;
	const char *no_load = refusal(s, false), *no_file = refusal(s, true);
	const struct kx_opt_u64 crash = crash_kernel(s);
	struct kx_text t;
	struct kx_json j;

	read_peer(k);
	kx_text_init(&t, &k->arena);
	kx_json_init(&j, &t);
	kx_json_object(&j, NULL);
	kx_json_str(&j, "schema", "kexec-status/1");
	kx_json_str(&j, "machine", kx_machine_name(s->machine));
	kx_json_str(&j, "release", s->release);
	json_known(&j, "loaded", &s->kexec_loaded);
	json_known(&j, "crash_loaded", &crash);
	kx_json_bool(&j, "staged", s->crash_is_staged);
	json_crash_regions(&j, s);
	kx_json_bool(&j, "can_load", !no_load || !no_file);
	json_call(&j, "kexec_load", no_load);
	json_call(&j, "kexec_file_load", no_file);
	kx_json_str(&j, "lockdown", lockdown_name(s->lockdown));
	json_known(&j, "load_disabled", &s->load_disabled);
	json_limit(&j, "limit_reboot", &s->limit_reboot);
	json_limit(&j, "limit_panic", &s->limit_panic);
	json_peer(&j, &s->peer);
	json_returning(&j, &s->returning);
	kx_json_object_end(&j);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}

/* The crash image, unless -l asks for the other one. */
int verb_status(struct kexec *k)
{
	bool crash = k->o.req.crash || !k->o.load_seen;
	const struct kx_opt_u64 v = crash ? crash_kernel(&k->src) : k->src.kexec_loaded;

	if (k->o.status == OUTPUT_JSON)
		return status_json(k);
	if (!v.known)
		return kexec_fail(k, STATUS_FAILED, ENOENT, "cannot read %s/sys/kernel/%s",
				  k->src.root, crash ? "kexec_crash_loaded" : "kexec_loaded");
	return v.value ? STATUS_LOADED : STATUS_OK;
}

/* Two reservations (low and high): crash kernels are loaded into the high one. */
int verb_ckr_size(struct kexec *k)
{
	const struct kx_sources *s = &k->src;
	uint64_t size = kx_range_len(kx_crash_main(s));
	struct kx_text t;

	if (s->iomem_hidden)
		kexec_warn("/proc/iomem does not show addresses: run kexec as root");
	kx_text_init(&t, &k->arena);
	kx_text_add(&t, "%llu\n", (unsigned long long)size);
	return kexec_print(&t, false, &k->err) < 0 ? STATUS_FAILED : STATUS_OK;
}
