/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the running kernel was configured, where it or its distribution says so:
 * /proc/config.gz (CONFIG_IKCONFIG_PROC), /boot/config-RELEASE (Debian),
 * /lib/modules/RELEASE/config (Fedora, SUSE).  Called by sources.c.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "facts.h"
#include "kx/sys.h"

/* Debian's is 0.25 MiB; what inflates to more is not a configuration. */
#define CONFIG_MAX	(4u << 20)

/*
 * The inside of a gzip file, into the arena; -EBADMSG when it is not one or is
 * larger than CONFIG_MAX.
 */
static int gunzip(struct kx_bytes in, struct kx_arena *a, struct kx_bytes *ret)
{
	uint8_t *out = kx_arena_alloc_raw(a, CONFIG_MAX);
	z_stream z = { 0 };
	int r;

	if (!out)
		return -ENOMEM;
	if (in.len > UINT32_MAX || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		kx_arena_release(a, out);
		return -EBADMSG;
	}
	z.next_in = (z_const Bytef *)(uintptr_t)in.data;
	z.avail_in = (uInt)in.len;
	z.next_out = out;
	z.avail_out = CONFIG_MAX;
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (r != Z_STREAM_END) {
		kx_arena_release(a, out);
		return -EBADMSG;
	}
	*ret = (struct kx_bytes){ out, CONFIG_MAX - z.avail_out };
	return 0;
}

/* 0 and the text, 1 if there is none, -ENOMEM. */
static int find_config(const struct kx_sources *s, struct kx_arena *a, struct kx_bytes *ret)
{
	struct kx_bytes b;
	int r;

	r = kx_root_read(s->root, a, &b, NULL, "proc/config.gz");
	if (r == 0)
		r = gunzip(b, a, ret);
	if (r < 0 && r != -ENOMEM)
		r = kx_root_read(s->root, a, ret, NULL, "boot/config-%s", s->release);
	if (r < 0 && r != -ENOMEM)
		r = kx_root_read(s->root, a, ret, NULL, "lib/modules/%s/config", s->release);
	return r < 0 && r != -ENOMEM ? 1 : r;
}

/* Is there a line that is exactly @line? */
static bool has_line(struct kx_bytes text, const char *line)
{
	size_t n = strlen(line);
	const uint8_t *p = text.data, *end = p + text.len;

	while (p < end) {
		const uint8_t *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (len == n && !memcmp(p, line, n))
			return true;
		p += nl ? len + 1 : len;
	}
	return false;
}

int kx_config_read(struct kx_sources *s, struct kx_arena *a, struct kx_err *err)
{
	struct kx_bytes text;
	int r;

	s->config_kexec = -1;
	s->config_kexec_file = -1;
	s->config_kexec_sig_force = -1;
	s->config_kexec_jump = -1;
	r = find_config(s, a, &text);
	if (r < 0)
		return kx_err_set(err, ENOMEM, "kernel configuration: out of memory");
	/* Every 64-bit kernel has this; without it the text is not what it should be. */
	if (r > 0 || !has_line(text, "CONFIG_64BIT=y"))
		return 0;
	s->config_kexec = has_line(text, "CONFIG_KEXEC=y");
	s->config_kexec_file = has_line(text, "CONFIG_KEXEC_FILE=y");
	/* Before v5.4 (99d5cadfde2b) KEXEC_VERIFY_SIG was what is KEXEC_SIG_FORCE now. */
	s->config_kexec_sig_force = has_line(text, "CONFIG_KEXEC_SIG_FORCE=y") ||
				    has_line(text, "CONFIG_KEXEC_VERIFY_SIG=y");
	s->config_kexec_jump = has_line(text, "CONFIG_KEXEC_JUMP=y");
	return 0;
}
