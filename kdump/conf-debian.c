// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's /etc/default/kdump-tools (kdump-tools(5)): a file that a shell sources.  Here
 * it is read, never run: assignments KEY=VALUE, comments, empty lines; VALUE is made of
 * bare characters, '…' and "…".  Whatever would need a shell ($, `, ;, |, …) is an error
 * that says so.  Called by conf-find.c when there is no kdump.conf.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "conf.h"

#define FIELD(name)	offsetof(struct conf, name)

/* Most keys may be there without a value, which is as if they were not. */
static bool unset(const char *value)
{
	return !*value;
}

static int set_use(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	(void)k;
	if (strcmp(value, "0") && strcmp(value, "1"))
		return kx_err_set(err, EINVAL, "expected 0 or 1, have '%s'", value);
	r->conf->off_line = value[0] == '0' ? r->line : 0;
	return 0;
}

static int set_dmesg(struct conf_reader *r, const struct conf_key *k, const char *value,
		     struct kx_err *err)
{
	(void)k;
	if (strcmp(value, "0") && strcmp(value, "1"))
		return kx_err_set(err, EINVAL, "expected 0 or 1, have '%s'", value);
	r->conf->dmesg = value[0] == '1';
	return 0;
}

static int set_nfs(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	(void)k;
	return conf_set_target(r, TARGET_NFS, "nfs", value, err);
}

static int set_ssh(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	(void)k;
	return conf_set_target(r, TARGET_SSH, NULL, value, err);
}

/* "mount" takes them as options, in its own units. */
static int set_mount_number(struct conf_reader *r, const struct conf_key *k, const char *value,
			    struct kx_err *err)
{
	const char *before = r->conf->mount_options;

	if (!value[0] || strspn(value, "0123456789") != strlen(value))
		return kx_err_set(err, EINVAL, "expected a number, have '%s'", value);
	r->conf->mount_options = kx_arena_printf(r->arena, "%s%s%s=%s", before ? before : "",
						 before ? "," : "", k->say, value);
	return r->conf->mount_options ? 0 : kx_err_set(err, ENOMEM, "out of memory");
}

/* A command for a capture that failed: those that are an action of ours. */
static int set_fail(struct conf_reader *r, const struct conf_key *k, const char *value,
		    struct kx_err *err)
{
	static const struct {
		const char *command;
		enum end end;
	} known[] = {
		{ "reboot -f", END_REBOOT }, { "reboot", END_REBOOT }, { "halt -f", END_HALT },
		{ "halt", END_HALT }, { "poweroff -f", END_POWEROFF },
		{ "poweroff", END_POWEROFF }, { "/bin/bash", END_SHELL }, { "/bin/sh", END_SHELL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].command, value)) {
			r->conf->failure_action = known[i].end;
			return 0;
		}
	return conf_remark(r, err, "%s: '%s' is not run, a failed capture ends in %s", k->name, value,
			   end_name(r->conf->failure_action));
}

static int set_host_tag(struct conf_reader *r, const struct conf_key *k, const char *value,
			struct kx_err *err)
{
	(void)k;
	if (strcmp(value, "ip") && strcmp(value, "hostname"))
		return kx_err_set(err, EINVAL, "expected ip or hostname, have '%s'", value);
	r->conf->host_tag = value[0] == 'i' ? HOST_ADDRESS : HOST_NAME;
	return 0;
}

#define IGNORED	"is not supported, and ignored"

static const struct conf_key keys[] = {
	{ "USE_KDUMP", set_use, 0, NULL },
	{ "KDUMP_KERNEL", conf_set_path, FIELD(kernel), NULL },
	{ "KDUMP_INITRD", conf_set_path, FIELD(initrd), NULL },
	{ "KDUMP_COREDIR", conf_set_path, FIELD(path), NULL },
	{ "KDUMP_FAIL_CMD", set_fail, 0, NULL },
	{ "KDUMP_DUMP_DMESG", set_dmesg, 0, NULL },
	{ "KDUMP_NUM_DUMPS", conf_set_number, FIELD(keep), NULL },
	{ "KDUMP_COMPRESSION", conf_set_nothing, 0,
	  "is ignored: vmcore-dump packs each page, and no other program what it writes" },
	{ "MAKEDUMP_ARGS", conf_set_dump_args, 0, NULL },
	{ "KDUMP_KEXEC_ARGS", conf_set_text, FIELD(kexec_args), NULL },
	{ "KDUMP_CMDLINE", conf_set_text, FIELD(cmdline), NULL },
	{ "KDUMP_CMDLINE_APPEND", conf_set_text, FIELD(cmdline_append), NULL },
	{ "HOSTTAG", set_host_tag, 0, NULL },
	{ "NFS", set_nfs, 0, NULL },
	{ "NFS_TIMEO", set_mount_number, 0, "timeo" },
	{ "NFS_RETRANS", set_mount_number, 0, "retrans" },
	{ "NFS_MOUNT_RETRY", conf_set_nothing, 0, IGNORED },
	{ "SSH", set_ssh, 0, NULL },
	{ "SSH_KEY", conf_set_path, FIELD(sshkey), NULL },
	{ "SSH_KDUMP_RETRY", conf_set_nothing, 0, IGNORED },
	{ "SSH_KDUMP_DELAY", conf_set_nothing, 0, IGNORED },
	{ "FTP", conf_set_nothing, 0, "is not supported: the dump is written to KDUMP_COREDIR" },
	{ "FTP_USER", conf_set_nothing, 0, IGNORED },
	{ "FTP_PASSWORD", conf_set_nothing, 0, IGNORED },
	{ "FTP_PORT", conf_set_nothing, 0, IGNORED },
	{ "FTP_COREDIR", conf_set_nothing, 0, IGNORED },
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

/* ---- a shell's words ------------------------------------------------------------------ */

/* The text that is left, and the value that is made of it. */
struct shell {
	const char *p, *end;
	char *out;		/* room for as many bytes as were left */
	size_t len;
	unsigned int *line;
};

static int unshell(char c, const char *where, struct kx_err *err)
{
	if ((unsigned char)c < ' ')
		return kx_err_set(err, EINVAL, "expected text%s, have a byte 0x%02x", where,
				  (unsigned char)c);
	return kx_err_set(err, EINVAL, "expected text%s, have '%c': this file is read, not run by a"
			  " shell", where, c);
}

static int single_quoted(struct shell *s, struct kx_err *err)
{
	for (s->p++; s->p < s->end && *s->p != '\''; s->p++) {
		if ((unsigned char)*s->p < ' ' && *s->p != '\t')
			return *s->p == '\n' ? kx_err_set(err, EINVAL, "expected a closing ', have"
							   " the end of the line") :
					       unshell(*s->p, " between quotes", err);
		s->out[s->len++] = *s->p;
	}
	if (s->p == s->end)
		return kx_err_set(err, EINVAL, "expected a closing ', have the end of the file");
	s->p++;
	return 0;
}

/* Behind a backslash: the end of a line is nothing, in a shell as here. */
static void escaped(struct shell *s, const char *special)
{
	char c = s->p[1];

	if (c == '\n') {
		++*s->line;
	} else {
		if (special && !strchr(special, c))
			s->out[s->len++] = '\\';
		s->out[s->len++] = c;
	}
	s->p += 2;
}

static int double_quoted(struct shell *s, struct kx_err *err)
{
	s->p++;
	while (s->p < s->end && *s->p != '"') {
		char c = *s->p;

		if (c == '\\' && s->end - s->p > 1 && s->p[1] &&
		    ((unsigned char)s->p[1] >= ' ' || s->p[1] == '\n')) {
			escaped(s, "$`\"\\");
			continue;
		}
		if (c == '\n')
			return kx_err_set(err, EINVAL,
					  "expected a closing \", have the end of the line");
		if (c == '$' || c == '`' || c == '\\' || ((unsigned char)c < ' ' && c != '\t'))
			return unshell(c, " between quotes", err);
		s->out[s->len++] = c;
		s->p++;
	}
	if (s->p == s->end)
		return kx_err_set(err, EINVAL, "expected a closing \", have the end of the file");
	s->p++;
	return 0;
}

static bool bare(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       (c && strchr("_/.,:=@%+-[]^", c));
}

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One word, NUL-terminated at s->out. */
static int shell_word(struct shell *s, struct kx_err *err)
{
	int n = 0;

	while (n == 0 && s->p < s->end && !ends_word(*s->p)) {
		if (*s->p == '\'') {
			n = single_quoted(s, err);
		} else if (*s->p == '"') {
			n = double_quoted(s, err);
		} else if (*s->p == '\\' && s->end - s->p > 1 &&
			   ((unsigned char)s->p[1] >= ' ' || s->p[1] == '\n')) {
			escaped(s, NULL);
		} else if (bare(*s->p)) {
			s->out[s->len++] = *s->p++;
		} else {
			n = unshell(*s->p, "", err);
		}
	}
	s->out[s->len] = '\0';
	return n;
}

static void skip_blanks(struct shell *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'))
		s->p++;
}

static void skip_line(struct shell *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

/* Behind an assignment: a comment, or nothing. */
static int line_end(struct shell *s, struct kx_err *err)
{
	skip_blanks(s);
	if (s->p < s->end && *s->p != '\n' && *s->p != '#')
		return kx_err_set(err, EINVAL, "expected the end of the line behind the value, have"
				  " '%c'", (unsigned char)*s->p < ' ' ? '?' : *s->p);
	return 0;
}

static int assign(struct conf_reader *r, const char *name, const char *value,
		  unsigned int *seen, struct kx_err *err)
{
	for (size_t i = 0; i < KEYS; i++) {
		unsigned int again = 0;

		if (strcmp(keys[i].name, name))
			continue;
		if (unset(value))
			return 0;
		/* In a shell the last one counts, but of a target there is one. */
		if (keys[i].set != set_nfs && keys[i].set != set_ssh)
			return conf_take(r, &keys[i], &again, value, err);
		return conf_take(r, &keys[i], &seen[i], value, err);
	}
	return conf_remark(r, err, "%s: is no key of kdump-tools, and ignored", name);
}

/* "export KEY=VALUE # comment" from s->p, which is not at a blank. */
static int assignment(struct conf_reader *r, struct shell *s, unsigned int *seen,
		      struct kx_err *err)
{
	const char *start;
	char *name;
	int n;

	if (s->end - s->p > 7 && !memcmp(s->p, "export ", 7)) {
		s->p += 7;
		skip_blanks(s);
	}
	start = s->p;
	while (s->p < s->end && (isalnum((unsigned char)*s->p) || *s->p == '_'))
		s->p++;
	if (s->p == start || s->p == s->end || *s->p != '=' || isdigit((unsigned char)*start))
		return kx_err_set(err, EINVAL, "expected KEY=VALUE: this file is read, not run by a"
				  " shell");
	name = kx_arena_alloc_raw(r->arena, (size_t)(s->p - start) + 1);
	s->out = kx_arena_alloc_raw(r->arena, (size_t)(s->end - s->p) + 1);
	s->len = 0;
	if (!name || !s->out)
		return kx_err_set(err, ENOMEM, "out of memory");
	memcpy(name, start, (size_t)(s->p - start));
	name[s->p - start] = '\0';
	s->p++;
	n = shell_word(s, err);
	if (n == 0)
		n = line_end(s, err);
	if (n < 0)
		return n == -ENOMEM ? n : kx_err_wrap(err, "%s", name);
	return assign(r, name, s->out, seen, err);
}

int conf_debian_parse(struct kx_bytes text, const char *file, bool lenient,
		      struct kx_arena *a, struct conf *ret, struct kx_err *err)
{
	struct conf_reader r = { .arena = a, .file = file, .lenient = lenient, .line = 1 };
	unsigned int seen[KEYS] = { 0 }, line = 1;
	/* An empty file may be nowhere. */
	struct shell s = { .p = text.len ? (const char *)text.data : "", .line = &line };
	struct conf c;
	int n = 0;

	conf_init(&c, LAYOUT_DEBIAN);
	c.file = file;
	r.conf = &c;
	s.end = s.p + text.len;
	while (s.p < s.end) {
		skip_blanks(&s);
		r.line = line;
		if (s.p < s.end && *s.p != '#' && *s.p != '\n')
			n = assignment(&r, &s, seen, err);
		if (n < 0)
			n = conf_line_failed(&r, err);
		if (n < 0)
			return n;
		skip_line(&s);
		line++;
		s.p += s.p < s.end;
	}
	/* HOSTTAG is for dumps of many machines in one place. */
	if (c.target == TARGET_LOCAL)
		c.host_tag = HOST_NONE;
	else if (c.host_tag == HOST_NONE)
		c.host_tag = HOST_ADDRESS;
	*ret = c;
	return 0;
}
