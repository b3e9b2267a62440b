// SPDX-License-Identifier: GPL-2.0-only
/*
 * Values of configuration files: what conf.c and conf-debian.c both have.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "kx/number.h"
#include "kx/page-codec.h"

static const char *const ends[] = {
	[END_REBOOT] = "reboot", [END_POWEROFF] = "poweroff", [END_HALT] = "halt",
	[END_SHELL] = "shell", [END_NONE] = "none",
};

const char *end_name(enum end e)
{
	return ends[e];
}

const char *target_name(enum target_kind k)
{
	static const char *const names[] = {
		[TARGET_LOCAL] = "local", [TARGET_DEVICE] = "device", [TARGET_RAW] = "raw",
		[TARGET_NFS] = "nfs", [TARGET_SSH] = "ssh",
	};

	return names[k];
}

const char *layout_name(enum conf_layout l)
{
	return l == LAYOUT_DEBIAN ? "Debian's" : "Fedora's";
}

void conf_init(struct conf *c, enum conf_layout layout)
{
	*c = (struct conf){
		.layout = layout, .target = TARGET_LOCAL, .path = "/var/crash",
		.host_tag = layout == LAYOUT_DEBIAN ? HOST_NONE : HOST_ADDRESS,
		.sshkey = "/root/.ssh/kdump_id_rsa",
		.level = 31, .compress = "zstd", .dmesg = true,
		.capture_timeout = 3600,
		.final_action = END_REBOOT, .failure_action = END_REBOOT,
	};
}

int conf_remark(struct conf_reader *r, struct kx_err *err, const char *fmt, ...)
{
	struct conf *c = r->conf;
	struct conf_remark *v = kx_arena_resize_raw(r->arena, c->remark,
						    (c->remark_count + 1) * sizeof(*v));
	char text[KX_ERR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (v)
		c->remark = v;
	if (!v || !(v[c->remark_count].text = kx_arena_strdup(r->arena, text)))
		return kx_err_set(err, ENOMEM, "out of memory");
	v[c->remark_count++].line = r->line;
	return 0;
}

int conf_line_failed(struct conf_reader *r, struct kx_err *err)
{
	struct kx_err why;
	int n;

	if (!r->lenient || err->code == ENOMEM)
		return kx_err_wrap(err, "%s:%u", r->file, r->line);
	why = *err;
	*err = (struct kx_err){ 0 };
	n = conf_remark(r, err, "left out: %s", why.text);
	return n;
}

int conf_take(struct conf_reader *r, const struct conf_key *k, unsigned int *seen,
	      const char *value, struct kx_err *err)
{
	int n = 0;

	if (*seen)
		n = kx_err_set(err, EINVAL, "expected it once, line %u has it already", *seen);
	if (n == 0)
		n = k->set(r, k, value, err);
	if (n < 0)
		return n == -ENOMEM ? n : kx_err_wrap(err, "%s", k->name);
	*seen = r->line;
	return 0;
}

static const char **text_field(struct conf_reader *r, const struct conf_key *k)
{
	return (const char **)(void *)((char *)r->conf + k->field);
}

int conf_set_text(struct conf_reader *r, const struct conf_key *k, const char *value,
		  struct kx_err *err)
{
	(void)err;
	*text_field(r, k) = value;
	return 0;
}

int conf_set_path(struct conf_reader *r, const struct conf_key *k, const char *value,
		  struct kx_err *err)
{
	if (value[0] != '/')
		return kx_err_set(err, EINVAL, "expected a path that begins with /, have '%s'",
				  value);
	*text_field(r, k) = value;
	return 0;
}

int conf_set_number(struct conf_reader *r, const struct conf_key *k, const char *value,
		    struct kx_err *err)
{
	uint64_t v;
	int n = kx_number_parse(value, 10, &v, err);

	if (n < 0)
		return n;
	if (v > INT32_MAX)
		return kx_err_set(err, EINVAL, "expected at most %d, have '%s'", INT32_MAX, value);
	*(unsigned int *)(void *)((char *)r->conf + k->field) = (unsigned int)v;
	return 0;
}

int conf_set_end(struct conf_reader *r, const struct conf_key *k, const char *value,
		 struct kx_err *err)
{
	enum end *e = (enum end *)(void *)((char *)r->conf + k->field);

	for (int i = 0; i < END_COUNT; i++)
		if (!strcmp(ends[i], value)) {
			*e = (enum end)i;
			return 0;
		}
	/* Fedora's second try, on the root filesystem: the fallback chain has it in memory. */
	if (!strcmp(value, "dump_to_rootfs"))
		return conf_remark(r, err, "%s: dump_to_rootfs is taken as reboot", k->name);
	return kx_err_set(err, EINVAL, "expected reboot, poweroff, halt, shell or none, have '%s'",
			  value);
}

int conf_set_nothing(struct conf_reader *r, const struct conf_key *k, const char *value,
		     struct kx_err *err)
{
	(void)value;
	return conf_remark(r, err, "%s: %s", k->name, k->say);
}

int conf_set_level(struct conf_reader *r, const struct conf_key *k, const char *value,
		   struct kx_err *err)
{
	uint64_t v;
	int n = kx_number_parse(value, 10, &v, err);

	(void)k;
	if (n < 0 || v > 31)
		return kx_err_set(err, EINVAL, "expected a dump level from 0 to 31, have '%s'",
				  value);
	r->conf->level = (unsigned int)v;
	return 0;
}

int conf_set_compress(struct conf_reader *r, const struct conf_key *k, const char *value,
		      struct kx_err *err)
{
	(void)k;
	for (int i = 0; i < KX_PAGE_CODECS; i++) {
		const char *name = kx_page_codec_name((enum kx_page_codec)i);

		if (!strcmp(name, value)) {
			r->conf->compress = name;
			return 0;
		}
	}
	return kx_err_set(err, EINVAL, "expected none, zlib, lzo, snappy or zstd, have '%s'", value);
}

/* ---- makedumpfile's arguments -------------------------------------------------------- */

static const struct {
	const char *word, *compress;	/* NULL: no effect here */
	bool has_value;
} dump_words[] = {
	{ "-c", "zlib", false }, { "-l", "lzo", false }, { "-p", "snappy", false },
	{ "-z", "zstd", false },
	/* vmcore-dump decides these. */
	{ "-F", NULL, false }, { "-E", NULL, false }, { "--message-level", NULL, true },
	{ "--num-threads", NULL, true },
};

#define DUMP_WORDS	(sizeof(dump_words) / sizeof(dump_words[0]))

/* The next word of *p, NUL-terminated in place; NULL: no more. */
static char *next_word(char **p)
{
	char *w = *p + strspn(*p, " \t");

	if (!*w)
		return NULL;
	*p = w + strcspn(w, " \t");
	if (**p)
		*(*p)++ = '\0';
	return w;
}

/* "-d 31,11": the first is the level; those that follow are for a full disk, as our chain. */
static int dump_level(struct conf_reader *r, const struct conf_key *k, char *value,
		      struct kx_err *err)
{
	if (!value)
		return kx_err_set(err, EINVAL, "expected a dump level behind -d, have none");
	value[strcspn(value, ",")] = '\0';
	return conf_set_level(r, k, value, err);
}

static int dump_word(struct conf_reader *r, const struct conf_key *k, char *word, char **rest,
		     struct kx_err *err)
{
	size_t len = strcspn(word, "=");

	if (!strncmp(word, "-d", 2))
		return dump_level(r, k, word[2] ? word + 2 : next_word(rest), err);
	for (size_t i = 0; i < DUMP_WORDS; i++) {
		if (strlen(dump_words[i].word) != len || strncmp(dump_words[i].word, word, len))
			continue;
		if (dump_words[i].compress)
			r->conf->compress = dump_words[i].compress;
		if (dump_words[i].has_value && !word[len])
			next_word(rest);
		return 0;
	}
	return conf_remark(r, err, "%s: '%s' is ignored", k->name, word);
}

int conf_set_dump_args(struct conf_reader *r, const struct conf_key *k, const char *value,
		       struct kx_err *err)
{
	char *rest = kx_arena_strdup(r->arena, value), *word, *slash;
	int n = 0;

	if (!rest)
		return kx_err_set(err, ENOMEM, "out of memory");
	/* Fedora's has the program in front, Debian's has not. */
	if (*rest && *rest != '-') {
		word = next_word(&rest);
		slash = word ? strrchr(word, '/') : NULL;
		word = slash ? slash + 1 : word;
		if (word && strcmp(word, "makedumpfile") && strcmp(word, "vmcore-dump"))
			return conf_remark(r, err, "%s: '%s' is not run, vmcore-dump is", k->name,
					   word);
	}
	/* makedumpfile without -d leaves nothing out, and packs nothing unless told. */
	r->conf->level = 0;
	r->conf->compress = "none";
	while (n == 0 && (word = next_word(&rest)))
		n = dump_word(r, k, word, &rest, err);
	return n;
}

/* ---- targets ----------------------------------------------------------------------------- */

/* One word; never an option of ssh or mount, nor anything that a shell would look at. */
static bool sound(const char *where)
{
	if (where[0] == '-')
		return false;
	for (const char *p = where; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("/._-:@%[]=+,", *p))
			return false;
	return true;
}

static const char *wrong_where(enum target_kind kind, const char *where)
{
	const char *at = strchr(where, '@');

	if (kind == TARGET_SSH)
		return sound(where) && at && at > where && at[1] ? NULL : "USER@HOST";
	if (kind == TARGET_NFS)
		return sound(where) && strstr(where, ":/") > where ? NULL : "SERVER:/DIRECTORY";
	if (!strncmp(where, "/dev/", 5) && sound(where))
		return NULL;
	if (kind == TARGET_RAW)
		return "a device below /dev";
	for (const char *p = "UUID=\0LABEL=\0PARTUUID=\0PARTLABEL=\0"; *p; p += strlen(p) + 1)
		if (!strncmp(where, p, strlen(p)) && where[strlen(p)] && sound(where))
			return NULL;
	return "a device below /dev, UUID=, LABEL=, PARTUUID= or PARTLABEL=";
}

int conf_set_target(struct conf_reader *r, enum target_kind kind, const char *fstype,
		    const char *where, struct kx_err *err)
{
	const char *wanted = wrong_where(kind, where);
	struct conf *c = r->conf;

	if (wanted)
		return kx_err_set(err, EINVAL, "expected %s, have '%s'", wanted, where);
	if (c->target_line)
		return kx_err_set(err, EINVAL, "expected one target, line %u has '%s' already",
				  c->target_line, c->where);
	c->target = kind;
	c->target_line = r->line;
	c->where = where;
	c->fstype = fstype;
	return 0;
}
