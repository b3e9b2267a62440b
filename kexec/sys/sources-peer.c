// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel that sleeps while this one runs: what it left in /proc/vmcore
 * (doc/resumable-core.md), of which only headers and notes are read, else what a
 * loader wrote into the command line, as kexec-tools 2.0.x does.  Whether it jumped
 * here, or is kept in memory (kx/keep.h), is in its notes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kx/cmdline.h"
#include "kx/context.h"
#include "kx/core-file.h"
#include "kx/number.h"
#include "kx/saved.h"
#include "kx/sys.h"
#include "open.h"

#define VMCORE	"/proc/vmcore"
#define CMDLINE	"/proc/cmdline"
#define WORD	"kexec_jump_back_entry"

#define CR4_LA57	(1u << 12)	/* SDM vol. 3A, 2.5 */

static int open_vmcore(const struct kx_sources *s, int *ret_fd, struct kx_core_file *ret,
		       struct kx_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int r = snprintf(path, sizeof(path), "%s" VMCORE, s->root);

	if (r < 0 || r >= (int)sizeof(path))
		return kx_err_set(err, ENAMETOOLONG, "path is longer than %d bytes", PATH_MAX - 1);
	*ret_fd = kx_open(path, O_RDONLY | O_NONBLOCK);
	if (*ret_fd < 0)
		return kx_err_set(err, -*ret_fd, "cannot open: %s", strerror(-*ret_fd));
	if (fstat(*ret_fd, &st) < 0)
		return kx_err_set(err, errno, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return kx_err_set(err, EINVAL, "expected a regular file");
	*ret = (struct kx_core_file){
		.read = kx_core_fd_read, .ctx = ret_fd, .len = (uint64_t)st.st_size,
	};
	return 0;
}

static int read_notes(const struct kx_sources *s, struct kx_arena *a, struct kx_core *ret_core,
		      struct kx_contexts *ret, struct kx_err *err)
{
	_cleanup_fd_ int fd = -1;
	struct kx_core_file file;
	int r;

	r = open_vmcore(s, &fd, &file, err);
	if (r == 0)
		r = kx_core_open(&file, a, ret_core, err);
	if (r == 0)
		r = kx_contexts_read(ret_core, a, ret, err);
	return r;
}

/* Nobody jumped, so there is nothing for purgatory to complete. */
static int use_kept(struct kx_peer *peer, const struct kx_core *core, const struct kx_contexts *c,
		    struct kx_arena *a, struct kx_err *err)
{
	struct kx_saved *kept = kx_arena_alloc(a, sizeof(*kept));
	int r;

	if (!kept)
		return kx_err_set(err, ENOMEM, "out of memory");
	r = kx_saved_kept(core, c, a, kept, err);
	if (r < 0)
		return r;
	*peer = (struct kx_peer){
		.present = true, .source = VMCORE, .entry = c->context.entry, .kept = kept,
	};
	memcpy(peer->release, c->context.release, sizeof(peer->release));
	return 0;
}

static int use_notes(struct kx_peer *peer, const struct kx_contexts *c, struct kx_err *err)
{
	const struct kx_context *n = &c->context;

	if (!c->has_context || n->source != CONTEXT_SOURCE_JUMP ||
	    n->entry_kind != CONTEXT_ENTRY_JUMP_X86_64) {
		peer->no_entry = "no note of a kernel that sleeps";
		return 0;
	}
	if (n->filled && !n->entry)
		return kx_err_set(err, ENOEXEC, "note " CONTEXT_NOTE_NAME
				  " CONTEXT: entry: expected an address, have 0");
	peer->present = true;
	peer->source = VMCORE;
	peer->entry = n->entry;
	peer->window = n->window;
	memcpy(peer->release, n->release, sizeof(peer->release));
	peer->no_entry = NULL;
	if (!n->filled) {
		peer->entry = 0;
		peer->no_entry = "the note of a kernel that sleeps was not completed by purgatory";
	}
	if (c->has_state && c->state.status == CONTEXT_FILLED)
		peer->la57 = (struct kx_opt_u64){ true, !!(c->state.cr4 & CR4_LA57) };
	return 0;
}

/* Not there, not for us, or not to be read: no reason to stop. */
static bool is_absent(int r)
{
	return r != -ENOEXEC && r != -EOPNOTSUPP && r != -E2BIG && r != -ENOMEM;
}

static int read_vmcore(const struct kx_sources *s, struct kx_peer *peer, struct kx_arena *a,
		       struct kx_err *err)
{
	struct kx_err e = { 0 };
	struct kx_contexts c;
	struct kx_core core;
	int r;

	r = read_notes(s, a, &core, &c, &e);
	/* A core that cannot be entered is one to look at. */
	if (r == 0 && c.has_context && c.context.source == CONTEXT_SOURCE_SNAPSHOT &&
	    c.context.entry_kind != CONTEXT_ENTRY_NONE)
		r = use_kept(peer, &core, &c, a, &e);
	else if (r == 0)
		r = use_notes(peer, &c, &e);
	if (r == 0)
		return 0;
	if (!is_absent(r))
		return kx_err_set(err, -r, "%s" VMCORE ": %s", s->root, e.text);
	peer->no_entry = kx_arena_strdup(a, e.text);
	return peer->no_entry ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

static int read_cmdline(const struct kx_sources *s, struct kx_peer *peer, struct kx_err *err)
{
	struct kx_bytes value;
	char word[32];
	uint64_t entry;

	if (!s->cmdline || !kx_cmdline_get(s->cmdline, WORD, &value))
		return 0;
	snprintf(word, sizeof(word), "%.*s", value.len < sizeof(word) ? (int)value.len : 0,
		 (const char *)value.data);
	if (kx_number_parse(word, 0, &entry, NULL) < 0)
		return kx_err_set(err, ENOEXEC, "%s" CMDLINE ": " WORD ": expected an address, have"
				  " '%.*s'", s->root, value.len < 64 ? (int)value.len : 64,
				  (const char *)value.data);
	if (!entry)
		return 0;
	peer->present = true;
	peer->source = CMDLINE;
	peer->entry = entry;
	return 0;
}

int kx_peer_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_peer peer = { .present = false };
	int r;

	r = read_vmcore(s, &peer, a, err);
	if (r == 0 && !peer.entry)
		r = read_cmdline(s, &peer, err);
	if (r == 0)
		s->peer = peer;
	return r;
}
