// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the user's key of an encrypted saved core comes from:
 *
 *	file:PATH		a file, a pipe, a device: 32 bytes, or 64 hexadecimal digits
 *	keyring:DESCRIPTION	a key of type "user" in the kernel's keyrings, 32 bytes
 *
 * It is read into a page that is locked, and nowhere else.  The keyrings are asked by
 * two system calls, for which no library is worth it.  Called by kexec's verbs and by
 * vmcore-dump.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kx/saved-cipher.h"
#include "open.h"

#define FILE_WORD	"file:"
#define KEYRING_WORD	"keyring:"

#define HEX_LEN		(2 * KX_SAVED_KEY_LEN)
/* Digits, a line end, and one byte more to see that there is more. */
#define READ_MAX	(HEX_LEN + 2)

/* The locked page. */
struct page {
	struct kx_saved_key key;	/* first: kx_saved_key_free() is given its address */
	uint8_t text[READ_MAX];
};

static const char *behind(const char *spec, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(spec, word, len) && spec[len] ? spec + len : NULL;
}

int kx_saved_key_check(const char *spec, struct kx_err *err)
{
	if (behind(spec, FILE_WORD) || behind(spec, KEYRING_WORD))
		return 0;
	return kx_err_set(err, EINVAL, "expected file:PATH or keyring:DESCRIPTION, have '%s'", spec);
}

/* ---- a file ------------------------------------------------------------------------- */

/* A pipe and a device are whoever's gave us the descriptor or the name. */
static int private_check(int fd, const char *path, struct kx_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return kx_err_set(err, errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return kx_err_set(err, EISDIR, "%s: expected a file, have a directory", path);
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_mode & 077)
		return kx_err_set(err, EPERM, "%s: expected a key that only its owner can read or"
				  " write, have mode %04o", path, st.st_mode & 07777);
	if (st.st_uid && st.st_uid != geteuid())
		return kx_err_set(err, EPERM, "%s: expected a key of root's or of user %u, have one"
				  " of user %u", path, geteuid(), st.st_uid);
	return 0;
}

static int read_text(int fd, const char *path, uint8_t *to, size_t *ret, struct kx_err *err)
{
	size_t len = 0, n = 1;

	while (n && len < READ_MAX) {
		int r = kx_read_some(fd, to + len, READ_MAX - len, &n);

		if (r < 0)
			return kx_err_set(err, -r, "%s: cannot read: %s", path, strerror(-r));
		len += n;
	}
	*ret = len;
	return 0;
}

static uint8_t nibble(uint8_t digit)
{
	return digit <= '9' ? digit - '0' : (uint8_t)(tolower(digit) - 'a' + 10);
}

static int parse(struct page *p, size_t len, const char *path, struct kx_err *err)
{
	if (len == KX_SAVED_KEY_LEN) {
		memcpy(p->key.user, p->text, len);
		return 0;
	}
	if (len != HEX_LEN && (len != HEX_LEN + 1 || p->text[HEX_LEN] != '\n'))
		return kx_err_set(err, EINVAL, "%s: expected 32 bytes, or 64 hexadecimal digits and"
				  " at most a line end, have %s%zu bytes", path,
				  len == READ_MAX ? "at least " : "", len);
	for (size_t i = 0; i < HEX_LEN; i++) {
		if (!isxdigit(p->text[i]))
			return kx_err_set(err, EINVAL, "%s: expected 64 hexadecimal digits, have"
					  " something else at %zu", path, i);
		p->key.user[i / 2] = (uint8_t)(p->key.user[i / 2] << 4 | nibble(p->text[i]));
	}
	return 0;
}

static int load_file(struct page *p, const char *path, struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open(path, O_RDONLY | O_NOCTTY);
	size_t len = 0;
	int r;

	if (fd < 0)
		return kx_err_set(err, -fd, "%s: cannot open: %s", path, strerror(-fd));
	r = private_check(fd, path, err);
	if (r == 0)
		r = read_text(fd, path, p->text, &len, err);
	if (r == 0)
		r = parse(p, len, path, err);
	explicit_bzero(p->text, sizeof(p->text));
	return r;
}

/* ---- the keyrings ------------------------------------------------------------------------ */

static int load_keyring(struct page *p, const char *name, struct kx_err *err)
{
	/* No program is started to make one that is not there. */
	long id = syscall(SYS_request_key, "user", name, NULL, 0), n;

	if (id < 0)
		return kx_err_set(err, errno, "keyring: no key of type user called '%s': %s", name,
				  strerror(errno));
	n = syscall(SYS_keyctl, KEYCTL_READ, id, p->key.user, sizeof(p->key.user));
	if (n < 0)
		return kx_err_set(err, errno, "keyring: cannot read '%s': %s", name,
				  strerror(errno));
	if (n != (long)sizeof(p->key.user))
		return kx_err_set(err, EINVAL, "keyring: '%s': expected 32 bytes, have %ld", name, n);
	return 0;
}

/* ---- both ------------------------------------------------------------------------------- */

/* MAP_PRIVATE and touched: a page of its own. */
static struct page *page_new(struct kx_err *err)
{
	struct page *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		kx_err_set(err, errno, "no memory for a key: %s", strerror(errno));
		return NULL;
	}
	if (mlock(p, sizeof(*p)) < 0) {
		kx_err_set(err, errno, "cannot lock the memory of a key: %s", strerror(errno));
		munmap(p, sizeof(*p));
		return NULL;
	}
	/* Not in our core dump; the lock is what matters. */
	(void)madvise(p, sizeof(*p), MADV_DONTDUMP);
	return p;
}

int kx_saved_key_load(const char *spec, struct kx_saved_key **ret, struct kx_err *err)
{
	const char *path = behind(spec, FILE_WORD), *name = behind(spec, KEYRING_WORD);
	struct page *p;
	int r;

	r = kx_saved_key_check(spec, err);
	if (r < 0)
		return r;
	p = page_new(err);
	if (!p)
		return -ENOMEM;
	r = path ? load_file(p, path, err) : load_keyring(p, name, err);
	if (r < 0)
		kx_saved_key_free(&p->key);
	else
		*ret = &p->key;
	return r;
}

void kx_saved_key_free(struct kx_saved_key *key)
{
	if (!key)
		return;
	/* The text was wiped when it had been read. */
	explicit_bzero(key->user, sizeof(key->user));
	explicit_bzero(key->image, sizeof(key->image));
	munmap(key, sizeof(struct page));
}
