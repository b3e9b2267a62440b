/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Saved cores as what is loaded: recognised by themselves, wherever a kernel may be
 * named; and --resume-if-present, for an initramfs.  Called by verb-load.c and
 * main.c.
 */
#include <errno.h>

#include "kx/host.h"
#include "kx/snapshot.h"
#include "verb.h"

/* What the state says, before anything else is looked at. */
static int state_check(struct kexec *k)
{
	const char *path = k->target.path;

	if (k->saved.head.state == KX_SAVED_CONSUMED && !k->o.req.resume_anyway)
		return kx_err_set(&k->err, EBUSY, "%s: this image was resumed before: what it knows"
				  " of its disks is no longer so, and resuming it again would destroy"
				  " them (--resume-anyway does it)", path);
	if (k->o.verb == VERB_LOAD_SHUTDOWN && !k->o.plan)
		return kx_err_set(&k->err, EINVAL, "%s: is a saved core, and who enters what is loaded"
				  " behind shutdown(8) does not mark it as resumed: use -f, or -l and"
				  " -e", path);
	return 0;
}

static int open_failed(struct kexec *k, int r)
{
	if (r == -ENOKEY || r == -EKEYREJECTED || r == -EINVAL)
		kx_err_wrap(&k->err, "--key");
	if (r == -EBUSY)
		return kx_err_wrap(&k->err, "%s: this image was not saved completely", k->target.path);
	return kx_err_wrap(&k->err, "%s: saved core", k->target.path);
}

/* --key, in case it is needed. */
static int key_open(struct kexec *k)
{
	int r;

	if (!k->o.key)
		return 0;
	r = kx_saved_key_load(k->o.key, &k->key, &k->err);
	if (r == 0)
		r = kx_saved_cipher_init(&k->cipher, k->key, &k->err);
	return r < 0 ? kx_err_wrap(&k->err, "--key") : 0;
}

/* There is no saved core: may it be something else? */
static int not_saved(struct kexec *k)
{
	const char *path = k->o.req.kernel.path;

	if (k->o.key)
		return kx_err_set(&k->err, EINVAL, "%s: expected a saved core for --key, have something"
				  " else", path);
	if (k->target.is_block)
		return kx_err_set(&k->err, EINVAL, "'%s': expected a saved core on a block device,"
				  " have none: kernels are read from regular files", path);
	k->err.code = 0;
	saved_input_close(k);
	return 0;
}

int saved_input_open(struct kexec *k)
{
	struct kx_request *req = &k->o.req;
	struct kx_err none = { 0 };
	int r;

	/* What cannot be opened, or is neither, is for who reads kernels to tell. */
	if (kx_target_open(req->kernel.path, false, &k->target, &none) < 0)
		return 0;
	r = key_open(k);
	if (r < 0)
		return r;
	r = kx_saved_open_key(&k->target.file, kx_sha256_best(), k->key ? &k->cipher : NULL,
			      &k->arena, &k->saved, &k->err);
	if (r == -ENOENT)
		return not_saved(k);
	if (r < 0)
		return open_failed(k, r);
	r = state_check(k);
	if (r == 0)
		r = kx_target_map(&k->target, k->saved.head.length, &k->err);
	if (r == 0)
		r = kx_machine_note(&k->src, &k->arena, &k->src.machine_note, &k->err);
	if (r < 0)
		return r;
	/* A captured machine does not say; purgatory would, too late. */
	if (k->src.machine == KX_MACHINE_X86_64)
		k->src.x86.la57_possible = *k->src.root || k->src.x86.la57 || kx_host_la57();
	req->kernel.bytes = k->target.map;
	req->saved = &k->saved;
	return 0;
}

void saved_input_close(struct kexec *k)
{
	if (!k->target.path)
		return;
	kx_target_close(&k->target);
	k->target.path = NULL;
	kx_saved_cipher_deinit(&k->cipher);
	kx_saved_key_free(k->key);
	k->key = NULL;
	if (k->o.req.saved)
		k->o.req.kernel.bytes = KX_BYTES_NONE;
	k->o.req.saved = NULL;
}

/*
 * A boot goes on without one: only damage is worth a line, because somebody may
 * wait for what is in it.  The key is not asked for yet: without an image it need not
 * be there.  With one it does, and verb_resume() says so.
 */
bool resume_is_present(struct kexec *k)
{
	const char *path = k->o.req.kernel.path = k->o.resume_target;
	struct kx_err err = { 0 };
	struct kx_target t;
	struct kx_saved s;
	int r;

	if (kx_target_open(path, false, &t, &err) < 0)
		return false;
	r = kx_saved_open_locked(&t.file, kx_sha256_best(), &k->arena, &s, &err);
	kx_target_close(&t);
	if (r < 0 && r != -ENOENT && r != -EBUSY)
		kexec_warn("%s: saved core: %s", path, err.text);
	return r == 0 && (s.head.state == KX_SAVED_COMPLETE ||
			  (s.head.state == KX_SAVED_CONSUMED && k->o.req.resume_anyway));
}

int verb_resume(struct kexec *k)
{
	return verb_load_exec(k);
}
