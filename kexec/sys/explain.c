/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the kernel said no.
 *
 * Knows what the errno values of kernel/kexec.c, kernel/kexec_core.c,
 * kernel/kexec_file.c and kernel/reboot.c mean, one table row each, in the
 * order the kernel checks.  Called by commit.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/arch.h"
#include "kx/explain.h"
#include "kx/uapi.h"

/* One refused call. */
struct refusal {
	const struct kx_sources *s;
	const struct kx_plan *p;	/* NULL when unloading */
	enum kx_call call;
	bool crash;
	bool staging;			/* what is refused is p->staged */
	const char *kmsg;
};

/*
 * A finder of reasons leaves its sentence in @why (a struct kx_err for its
 * buffer; the code is not used).
 */
typedef void find_reason(const struct refusal *q, struct kx_err *why);

static const char *call_name(enum kx_call call)
{
	return call == KX_CALL_FILE ? "kexec_file_load" : "kexec_load";
}

static void say(struct kx_err *why, const char *sentence)
{
	kx_err_set(why, EINVAL, "%s", sentence);
}

/* ---- not allowed ----------------------------------------------------------- */

static void why_lockdown(const struct refusal *q, struct kx_err *why)
{
	const char *level = q->s->lockdown == KX_LOCKDOWN_INTEGRITY ? "integrity" :
								      "confidentiality";

	if (q->call == KX_CALL_FILE)
		kx_err_set(why, EPERM,
			   "kernel lockdown is '%s': only a kernel signed with a key that the running one trusts is taken",
			   level);
	else if (q->s->config_kexec_file == 0)
		kx_err_set(why, EPERM,
			   "kernel lockdown is '%s', which forbids kexec_load, and this kernel has no kexec_file_load (CONFIG_KEXEC_FILE is off)",
			   level);
	else
		kx_err_set(why, EPERM,
			   "kernel lockdown is '%s', which forbids kexec_load (use -s with a signed kernel)",
			   level);
}

/* kexec_load_permitted() first, then the security modules. */
static void why_eperm(const struct refusal *q, struct kx_err *why)
{
	const struct kx_opt_u64 *limit = q->crash ? &q->s->limit_panic : &q->s->limit_reboot;

	if (!q->s->has_cap_boot)
		say(why, "the capability CAP_SYS_BOOT is missing (not root?)");
	else if (q->s->load_disabled.known && q->s->load_disabled.value)
		say(why, "the sysctl kernel.kexec_load_disabled is 1, until the next boot");
	else if (limit->known && limit->value == 0)
		kx_err_set(why, EPERM,
			   "the sysctl kernel.kexec_load_limit_%s is 0: every load it allowed is used up",
			   q->crash ? "panic" : "reboot");
	else if (q->s->lockdown != KX_LOCKDOWN_NONE)
		why_lockdown(q, why);
	else if (!strncmp(q->kmsg, "Lockdown:", 9))
		say(why, "the kernel is locked down (its level is not known: securityfs is not mounted)");
	else
		say(why, "a security module forbids it, or CAP_SYS_BOOT is only held inside a container");
}

static void why_enosys(const struct refusal *q, struct kx_err *why)
{
	bool file = q->call == KX_CALL_FILE;
	int config = file ? q->s->config_kexec_file : q->s->config_kexec;
	const char *name = file ? "CONFIG_KEXEC_FILE" : "CONFIG_KEXEC";
	/* What it would have to be loaded with instead. */
	const char *locked = file && q->s->lockdown != KX_LOCKDOWN_NONE ?
			     ", and its lockdown forbids kexec_load" : "";

	if (config == 0)
		kx_err_set(why, ENOSYS, "this kernel is built without %s%s", name, locked);
	else if (config > 0)
		kx_err_set(why, ENOSYS, "this kernel has %s, so a seccomp filter hides the call",
			   name);
	else
		kx_err_set(why, ENOSYS,
			   "this kernel is built without %s, or a seccomp filter hides the call%s",
			   name, locked);
}

static void why_ebusy(const struct refusal *q, struct kx_err *why)
{
	if (q->s->machine == KX_MACHINE_ARM64)
		say(why, "another kexec held the kernel's lock for half a second, or CPUs are stuck in the kernel (it cannot take them offline)");
	else
		say(why, "another kexec held the kernel's lock for half a second");
}

/* ---- this plan, this machine ------------------------------------------------ */

/* The segments that the call was given. */
static const struct kx_segment *segments(const struct refusal *q, size_t *ret_count)
{
	*ret_count = q->staging ? q->p->staged_count : q->p->segment_count;
	return q->staging ? q->p->staged : q->p->segment;
}

static uint64_t segments_size(const struct refusal *q)
{
	size_t count;
	const struct kx_segment *v = segments(q, &count);

	return kx_segments_sum(v, count);
}

static uint64_t files_size(const struct kx_plan *p)
{
	return (uint64_t)p->file_kernel.len + p->initrd.len;
}

static void why_einval_staging(const struct refusal *q, struct kx_err *why)
{
	struct kx_range crash = kx_crash_main(q->s);

	kx_err_set(why, EINVAL,
		   "no rule that kexec knows is broken by %zu segments of 0x%" PRIx64
		   " bytes in the crash kernel's reservation [0x%" PRIx64 "-0x%" PRIx64
		   "), where half of RAM is 0x%" PRIx64, q->p->staged_count, segments_size(q),
		   crash.start, crash.end, q->s->total_ram / 2);
}

static void why_einval_load(const struct refusal *q, struct kx_err *why)
{
	if (!q->p)
		say(why, "the kernel does not know one of the flags");
	else if (kx_plan_check(q->p, why) < 0)
		return;
	else if (q->staging)
		why_einval_staging(q, why);
	else if (q->p->flags & KX_LOAD_PRESERVE_CONTEXT)
		kx_err_set(why, EINVAL,
			   "this kernel cannot be returned to: it is built without CONFIG_KEXEC_JUMP%s",
			   q->p->format ? " (--context=snapshot keeps it in memory)" : "");
	else if (q->p->flags & (KX_LOAD_UPDATE_ELFCOREHDR | KX_LOAD_CRASH_HOTPLUG))
		say(why, "this kernel does not know the crash hotplug flags (it is older than 6.6, or 6.10 on arm64)");
	else
		kx_err_set(why, EINVAL,
			   "no rule that kexec knows is broken by %zu segments, flags 0x%" PRIx64
			   " and 0x%" PRIx64 " bytes, where half of RAM is 0x%" PRIx64,
			   q->p->segment_count, q->p->flags, segments_size(q),
			   q->s->total_ram / 2);
}

static void why_einval_file(const struct refusal *q, struct kx_err *why)
{
	const struct kx_plan *p = q->p;
	uint64_t half = q->s->total_ram / 2;

	if (!p)
		say(why, "the kernel does not know one of the flags");
	else if (strlen(p->cmdline) >= p->arch->cmdline_max)
		kx_err_set(why, EINVAL,
			   "the command line has %zu characters, and the kernel takes at most %u",
			   strlen(p->cmdline), p->arch->cmdline_max - 1);
	else if (half && files_size(p) > half)
		kx_err_set(why, EINVAL,
			   "kernel and initrd have 0x%" PRIx64
			   " bytes, and the kernel loads at most half of RAM, 0x%" PRIx64,
			   files_size(p), half);
	else if (p->file_flags & KX_FILE_FORCE_DTB)
		say(why, "this kernel does not know --force-dtb");
	else if (p->file_flags & KX_FILE_NO_CMA)
		say(why, "this kernel does not know --no-cma (it is older than 6.17)");
	else
		kx_err_set(why, EINVAL,
			   "the kernel's own loader does not take this %s (it wants %s)",
			   p->format->name, q->s->machine == KX_MACHINE_ARM64 ?
			   "an Image" : "a bzImage");
}

static void why_eaddrnotavail_load(const struct refusal *q, struct kx_err *why)
{
	struct kx_range crash = kx_crash_main(q->s);
	size_t count;
	const struct kx_segment *v = segments(q, &count);

	if (kx_plan_check(q->p, why) < 0)
		return;
	for (size_t i = 0; q->crash && i < count; i++) {
		struct kx_range r = v[i].range;

		if (!kx_range_contains(crash, r)) {
			kx_err_set(why, EADDRNOTAVAIL,
				   "%s [0x%" PRIx64 "-0x%" PRIx64
				   ") lies outside the crash kernel's reservation [0x%" PRIx64
				   "-0x%" PRIx64 ")", v[i].name, r.start, r.end,
				   crash.start, crash.end);
			return;
		}
	}
	kx_err_set(why, EADDRNOTAVAIL,
		   "the kernel cannot reach one of the addresses; its page size is taken to be 0x%"
		   PRIx64, q->s->page_size);
}

/*
 * kimage_alloc_crash_control_pages() in kernel/kexec_core.c: what the kernel
 * itself needs for a crash image lies in the reservation, too.
 */
static void why_enomem_staging(const struct refusal *q, struct kx_err *why)
{
	struct kx_range crash = kx_crash_main(q->s);

	kx_err_set(why, ENOMEM,
		   "the kernel's own pages found no room beside 0x%" PRIx64
		   " bytes in the crash kernel's reservation [0x%" PRIx64 "-0x%" PRIx64 ")",
		   segments_size(q), crash.start, crash.end);
}

static void why_enomem(const struct refusal *q, struct kx_err *why)
{
	uint64_t need;

	if (!q->p) {
		say(why, "the kernel is out of memory");
		return;
	}
	if (q->staging) {
		why_enomem_staging(q, why);
		return;
	}
	need = q->call == KX_CALL_FILE ? files_size(q->p) : segments_size(q);
	kx_err_set(why, ENOMEM,
		   "the kernel copies 0x%" PRIx64 " bytes until the jump, and 0x%" PRIx64
		   " bytes were available", need, q->s->free_ram);
}

static void why_enoexec(const struct refusal *q, struct kx_err *why)
{
	if (!q->p)
		say(why, "the kernel took the request for a load");
	else
		kx_err_set(why, ENOEXEC,
			   "the kernel's own loader does not know this %s (-c loads it without that)",
			   q->p->format->name);
}

/* ---- the table --------------------------------------------------------------- */

#define LOAD	1u
#define FILE_	2u

static const struct {
	int code;
	unsigned int calls;
	find_reason *find;	/* or */
	const char *text;
} reasons[] = {
	{ EPERM, LOAD | FILE_, why_eperm, NULL },
	{ EACCES, LOAD | FILE_, NULL,
	  "a security policy (IMA or a security module) demands a signature that this call or this file lacks" },
	{ ENOSYS, LOAD | FILE_, why_enosys, NULL },
	{ EBUSY, LOAD | FILE_, why_ebusy, NULL },
	{ EINVAL, LOAD, why_einval_load, NULL },
	{ EINVAL, FILE_, why_einval_file, NULL },
	{ EADDRNOTAVAIL, LOAD, why_eaddrnotavail_load, NULL },
	{ EADDRNOTAVAIL, FILE_, NULL,
	  "the kernel's own loader found no room for the segments (-c places them itself)" },
	{ ENOMEM, LOAD | FILE_, why_enomem, NULL },
	{ ENOEXEC, FILE_, why_enoexec, NULL },
	{ EOPNOTSUPP, FILE_, NULL,
	  "the kernel's own loader cannot do this here (-c loads without it)" },
	{ ETXTBSY, FILE_, NULL, "another process has the file open for writing" },
	{ EFBIG, FILE_, NULL, "the file is larger than the kernel reads" },
	/* crypto/asymmetric_keys/verify_pefile.c, certs/system_keyring.c */
	{ ENODATA, FILE_, NULL, "the kernel enforces signatures, and the file has none" },
	{ ELIBBAD, FILE_, NULL, "the file is not a well-formed signed PE image" },
	{ EBADMSG, FILE_, NULL, "the signature in the file is malformed" },
	{ EMSGSIZE, FILE_, NULL, "the signature in the file is malformed" },
	{ ENOPKG, FILE_, NULL, "this kernel lacks an algorithm that the signature uses" },
	{ ENOKEY, FILE_, NULL,
	  "no key in the kernel's trusted keyrings (builtin, secondary, platform) made the signature" },
	{ EKEYREJECTED, FILE_, NULL,
	  "the signature does not match the file, or its key is not trusted or revoked" },
	{ EKEYREVOKED, FILE_, NULL, "the signature's key is revoked" },
	{ EKEYEXPIRED, FILE_, NULL, "the signature's key has expired" },
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

static const struct {
	int code;
	const char *name;
} names[] = {
	{ EPERM, "EPERM" }, { EACCES, "EACCES" }, { ENOSYS, "ENOSYS" }, { EBUSY, "EBUSY" },
	{ EINVAL, "EINVAL" }, { EADDRNOTAVAIL, "EADDRNOTAVAIL" }, { ENOMEM, "ENOMEM" },
	{ ENOEXEC, "ENOEXEC" }, { EOPNOTSUPP, "EOPNOTSUPP" }, { ETXTBSY, "ETXTBSY" },
	{ EFBIG, "EFBIG" }, { ENODATA, "ENODATA" }, { ELIBBAD, "ELIBBAD" },
	{ EBADMSG, "EBADMSG" }, { EMSGSIZE, "EMSGSIZE" }, { ENOPKG, "ENOPKG" },
	{ ENOKEY, "ENOKEY" }, { EKEYREJECTED, "EKEYREJECTED" }, { EKEYREVOKED, "EKEYREVOKED" },
	{ EKEYEXPIRED, "EKEYEXPIRED" },
};

/* "<what> refused: <strerror> (<name>): <why>; the kernel says: '<kmsg>'" */
static int compose(const char *what, int code, const char *why, const char *kmsg,
		   struct kx_err *err)
{
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			name = names[i].name;
	return kx_err_set(err, code, "%s refused: %s%s%s%s%s%s%s%s%s", what, strerror(code),
			  name ? " (" : "", name ? name : "", name ? ")" : "",
			  why[0] ? ": " : "", why,
			  kmsg[0] ? "; the kernel says: '" : "", kmsg, kmsg[0] ? "'" : "");
}

static void find(const struct refusal *q, int code, struct kx_err *why)
{
	unsigned int call = q->call == KX_CALL_FILE ? FILE_ : LOAD;

	for (size_t i = 0; i < REASONS; i++) {
		if (reasons[i].code != code || !(reasons[i].calls & call))
			continue;
		if (reasons[i].find)
			reasons[i].find(q, why);
		else
			say(why, reasons[i].text);
		return;
	}
}

int kx_explain_load(const struct kx_plan *p, enum kx_call call, int code, const char *kmsg,
		    struct kx_err *err)
{
	struct refusal q = {
		.s = p->sources, .p = p, .call = call, .crash = p->request->crash, .kmsg = kmsg,
	};
	struct kx_err why = { 0 };

	find(&q, code, &why);
	return compose(call_name(call), code, why.text, kmsg, err);
}

int kx_explain_stage(const struct kx_plan *p, int code, const char *kmsg, struct kx_err *err)
{
	struct refusal q = {
		.s = p->sources, .p = p, .call = KX_CALL_LOAD, .crash = true, .staging = true,
		.kmsg = kmsg,
	};
	struct kx_err why = { 0 };

	find(&q, code, &why);
	return compose("kexec_load (staging)", code, why.text, kmsg, err);
}

int kx_explain_unload(const struct kx_sources *s, enum kx_call call, bool crash, int code,
		      const char *kmsg, struct kx_err *err)
{
	struct refusal q = { .s = s, .call = call, .crash = crash, .kmsg = kmsg };
	struct kx_err why = { 0 };

	find(&q, code, &why);
	return compose(call == KX_CALL_FILE ? "kexec_file_load (unload)" : "kexec_load (unload)",
		       code, why.text, kmsg, err);
}

/* kernel/reboot.c and kernel_kexec() in kernel/kexec_core.c */
int kx_explain_exec(const struct kx_sources *s, int code, const char *kmsg, struct kx_err *err)
{
	static const struct {
		int code;
		const char *text;
	} exec_reasons[] = {
		{ EINVAL, "no image is loaded, or kexec runs in a PID namespace (a container), where the kernel cannot be replaced" },
		{ EBUSY, "another kexec holds the kernel's lock, or a device or task cannot be stopped" },
	};
	const char *why = "";

	for (size_t i = 0; i < sizeof(exec_reasons) / sizeof(exec_reasons[0]); i++)
		if (exec_reasons[i].code == code)
			why = exec_reasons[i].text;
	if (code == EPERM)
		why = s->has_cap_boot ? "CAP_SYS_BOOT is only held inside a container" :
					"the capability CAP_SYS_BOOT is missing (not root?)";
	return compose("reboot into the loaded kernel", code, why, kmsg, err);
}
