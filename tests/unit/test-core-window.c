// SPDX-License-Identifier: GPL-2.0-only
/* A core behind a descriptor, mapped and read: sys/core-window.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "kx/core-file.h"
#include "test.h"

#define LEN	((9u << 20) + 4096)

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off >> 12 ^ off * 7);
}

static int make_file(void)
{
	char path[] = "/tmp/kx-window.XXXXXX";
	static uint8_t b[LEN];
	int fd = mkstemp(path);

	for (uint64_t i = 0; i < LEN; i++)
		b[i] = byte_at(i);
	unlink(path);
	CHECK(fd >= 0 && write(fd, b, LEN) == LEN);
	return fd;
}

static bool is_right(const uint8_t *p, uint64_t off, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != byte_at(off + i))
			return false;
	return true;
}

static void reads(const struct kx_core_file *f, uint64_t off, size_t len)
{
	static uint8_t b[LEN];
	struct kx_err err = { 0 };

	memset(b, 0, len);
	CHECK(f->read(f->ctx, off, b, len, &err) == 0);
	CHECK(is_right(b, off, len));
}

static void test_how(enum kx_core_access how)
{
	struct kx_core_file f, g;
	struct kx_err err = { 0 };
	uint8_t b[2];
	int fd = make_file();

	if (!CHECK(kx_core_file_open(fd, LEN, how, &f, &err) == 0))
		return;
	CHECK_EQ_U64(f.len, LEN);
	reads(&f, 0, LEN);
	reads(&f, (4u << 20) - 3, 7);
	reads(&f, LEN - 1, 1);
	for (uint64_t off = 5; off < LEN; off += 700001)
		reads(&f, off, 16);
	CHECK(f.fork(f.ctx, &g, &err) == 0);
	reads(&g, 12345, 5000);
	g.done(g.ctx);
	reads(&f, 1, 1);
	CHECK(f.read(f.ctx, LEN - 1, b, 2, &err) == -ENODATA);
	f.done(f.ctx);
	close(fd);
}

static void test_mapped(void)
{
	test_how(KX_CORE_MAPS);
}

static void test_read(void)
{
	test_how(KX_CORE_READS);
	/* no file of /proc */
	test_how(KX_CORE_BEST);
}

static void test_view(void)
{
	struct kx_core_file f;
	struct kx_err err = { 0 };
	const uint8_t *p = NULL;
	int fd = make_file();

	if (!CHECK(kx_core_file_open(fd, LEN, KX_CORE_MAPS, &f, &err) == 0))
		return;
	CHECK(f.view(f.ctx, 4096, 8192, &p, &err) == 0 && is_right(p, 4096, 8192));
	/* from one window into the next */
	CHECK(f.view(f.ctx, (4u << 20) - 100, 8192, &p, &err) == 0);
	CHECK(is_right(p, (4u << 20) - 100, 8192));
	CHECK(f.view(f.ctx, LEN - 10, 10, &p, &err) == 0 && is_right(p, LEN - 10, 10));
	CHECK(f.view(f.ctx, LEN - 10, 11, &p, &err) == -EOPNOTSUPP);
	CHECK(f.view(f.ctx, UINT64_MAX, 2, &p, &err) == -EOPNOTSUPP);
	CHECK(f.view(f.ctx, 0, 8u << 20, &p, &err) == -EOPNOTSUPP);
	f.done(f.ctx);
	CHECK(kx_core_file_open(fd, LEN, KX_CORE_READS, &f, &err) == 0);
	CHECK(f.view(f.ctx, 0, 1, &p, &err) == -EOPNOTSUPP);
	f.done(f.ctx);
	close(fd);
}

/* What cannot be mapped is read, and says what reading says. */
static void test_no_map(void)
{
	struct kx_core_file f;
	struct kx_err err = { 0 };
	uint8_t b[8];
	int pipes[2];

	if (!CHECK(pipe(pipes) == 0 &&
		   kx_core_file_open(pipes[0], LEN, KX_CORE_MAPS, &f, &err) == 0))
		return;
	CHECK(f.read(f.ctx, 0, b, sizeof(b), &err) == -ESPIPE);
	f.done(f.ctx);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_MAIN({ "mapped", test_mapped }, { "read", test_read }, { "without a copy", test_view },
	  { "no mapping", test_no_map })
