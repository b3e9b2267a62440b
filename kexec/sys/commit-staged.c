/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --stage=crashkernel: two loads that belong together, and their unloading.
 *
 * Makes no system call itself.  Knows which of the two images depends on the
 * other, and what a refusal in the middle leaves behind.  Called by commit.c.
 */
#include <errno.h>

#include "commit.h"
#include "staged.h"

/* What is in the reservation, and the mark that it is ours. */
int kx_unload_staged(const struct kx_sources *s, enum kx_call call, struct kx_err *ret_left,
		     struct kx_err *err)
{
	int r = kx_unload_image(s, true, call, err);

	/* As long as the payload is there, the mark speaks the truth. */
	if (r < 0)
		return kx_err_wrap(err, "the crash kernel's reservation still holds a staged payload");
	if (kx_staged_remove(s->root, ret_left) < 0)
		kx_err_wrap(ret_left, "the next crash kernel will be taken for a staged payload");
	return 0;
}

/*
 * Every call that the kernel permits costs one of these, an unload too; one that
 * is refused half way would leave nothing loaded.
 */
static int check_limits(const struct kx_sources *s, struct kx_err *err)
{
	const struct {
		const char *name;
		const struct kx_opt_u64 *limit;
		unsigned int need;
	} rows[] = {
		{ "reboot", &s->limit_reboot, s->crash_is_staged ? 2 : 1 },
		{ "panic", &s->limit_panic, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].limit->known && rows[i].limit->value < rows[i].need)
			return kx_err_set(err, EPERM,
					  "staging not tried: it takes %u of the loads that the sysctl kernel.kexec_load_limit_%s allows, and %u are left",
					  rows[i].need, rows[i].name,
					  (unsigned int)rows[i].limit->value);
	return 0;
}

/*
 * The facts are older than the digests, and at boot kdump's service runs next to
 * us: what the plan has not seen is not given up.
 */
static int check_free(const struct kx_sources *s, struct kx_err *err)
{
	if (s->crash_loaded.known && !s->crash_loaded.value && kx_staged_any_image(s->root))
		return kx_err_set(err, EBUSY,
				  "staging not tried: since this load began the crash kernel's reservation has been taken");
	return 0;
}

static void add_sentence(struct kx_err *err, const char *sentence)
{
	kx_err_set(err, err->code, "%s; %s", err->text, sentence);
}

/*
 * One of the two loads was refused, @err says why: nothing that is loaded needs
 * the payload, be it the new one (@staged) or the one before, whose image is
 * unloaded, and kdump wants the room.  Then tell what is lost.
 */
static void unstage(const struct kx_plan *p, bool staged, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	struct kx_err left = { 0 }, failed = { 0 };
	int r = 0;

	if (staged || s->crash_is_staged)
		r = kx_unload_staged(s, KX_CALL_LOAD, &left, &failed);
	if (s->crash_is_staged && s->kexec_loaded.known && s->kexec_loaded.value)
		add_sentence(err, "the kernel that was loaded before is unloaded, because its payload waited in the same place");
	if (!s->crash_is_staged && s->crash_loaded.known && s->crash_loaded.value &&
	    (staged || !kx_staged_any_image(s->root)))
		add_sentence(err, "the crash kernel that was loaded is gone");
	if (r < 0)
		add_sentence(err, failed.text);
	if (left.code)
		add_sentence(err, left.text);
}

/*
 * First the payload, into the crash kernel's reservation, then the image whose
 * purgatory moves it from there.
 *
 * Here a refused load can cost what was loaded before: "Free any current crash
 * dump kernel before we corrupt it", says do_kexec_load() in kernel/kexec.c,
 * and writes the new one straight into the reservation.  The rule:
 *
 *  - An image whose payload waits in the reservation is unloaded before that is
 *    overwritten.  Left, its purgatory would find other bytes at kexec -e and
 *    reset the machine.  Being the first call, this is also where a kernel that
 *    forbids all of it says so, with everything still in place.
 *  - Any other image stays until the new one takes its place.
 *  - A crash kernel goes only if the plan was told to evict it.
 *  - After a refusal nothing staged is left behind.
 */
int kx_load_staged(const struct kx_plan *p, struct kx_err *ret_left, struct kx_err *err)
{
	const struct kx_sources *s = p->sources;
	bool staged;
	int r;

	r = kx_check_sighted(p, err);
	if (r == 0)
		r = check_limits(s, err);
	if (r == 0)
		r = check_free(s, err);
	if (r == 0 && s->crash_is_staged)
		r = kx_unload_image(s, false, KX_CALL_LOAD, err);
	if (r < 0)
		return r;
	r = kx_load_payload(p, err);
	staged = r == 0;
	if (staged && kx_staged_write(s->root, ret_left) < 0)
		kx_err_wrap(ret_left, "what is staged will be taken for a crash kernel, and only kexec -p -u unloads it");
	if (staged)
		r = kx_load_segments(p, err);
	if (r < 0)
		unstage(p, staged, err);
	return r;
}

/*
 * The image that needed the payload has been replaced; kdump may have the room.
 * (A crash kernel would have replaced the payload itself.)
 */
void kx_drop_staged(const struct kx_plan *p, struct kx_err *ret_left)
{
	struct kx_err failed = { 0 };

	if (!p->sources->crash_is_staged || p->request->crash)
		return;
	if (kx_unload_staged(p->sources, KX_CALL_AUTO, ret_left, &failed) < 0)
		*ret_left = failed;
}
