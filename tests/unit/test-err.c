/* SPDX-License-Identifier: GPL-2.0-only */
/* kexec/lib/err.c: the sentence, its prefixes, and what happens at its edge. */
#include <errno.h>

#include "kx/err.h"
#include "test.h"

static void test_set(void)
{
	struct kx_err err;

	CHECK(kx_err_set(&err, ENOEXEC, "expected %d, have %s", 5, "six") == -ENOEXEC);
	CHECK(err.code == ENOEXEC);
	CHECK_STR(err.text, "expected 5, have six");
	CHECK(kx_err_set(NULL, ENOSPC, "nobody listens") == -ENOSPC);
}

static void test_set_from_itself(void)
{
	struct kx_err err;

	kx_err_set(&err, EINVAL, "inner");
	kx_err_set(&err, ENOEXEC, "outer (%s)", err.text);
	CHECK_STR(err.text, "outer (inner)");
}

static void test_wrap(void)
{
	struct kx_err err;

	kx_err_set(&err, ENOEXEC, "header: expected 64 bytes, have 2");
	CHECK(kx_err_wrap(&err, "%s", "bzImage") == -ENOEXEC);
	CHECK(kx_err_wrap(&err, "%s/%s", "boot", "vmlinuz") == -ENOEXEC);
	CHECK_STR(err.text, "boot/vmlinuz: bzImage: header: expected 64 bytes, have 2");
	CHECK(kx_err_wrap(NULL, "x") == -EIO);
}

static void test_long(void)
{
	struct kx_err err;
	char big[2 * KX_ERR_TEXT];

	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK(kx_err_set(&err, EINVAL, "%s", big) == -EINVAL);
	CHECK_EQ_U64(strlen(err.text), KX_ERR_TEXT - 1);
	CHECK(kx_err_wrap(&err, "path") == -EINVAL);
	CHECK_EQ_U64(strlen(err.text), KX_ERR_TEXT - 1);
	CHECK(!strncmp(err.text, "path: bbb", 9));
	CHECK(kx_err_wrap(&err, "%s", big) == -EINVAL);
	CHECK_EQ_U64(strlen(err.text), KX_ERR_TEXT - 1);
	CHECK_STR(err.text + KX_ERR_TEXT - 3, ": ");
}

static void test_control_characters(void)
{
	struct kx_err err;

	kx_err_set(&err, EINVAL, "expected a number, have '1\n2\033[31m\177'");
	kx_err_wrap(&err, "a\tpath");
	CHECK_STR(err.text, "a?path: expected a number, have '1?2?[31m?'");
}

TEST_MAIN({ "set", test_set },
	  { "set from its own text", test_set_from_itself },
	  { "wrap", test_wrap },
	  { "sentences that are too long", test_long },
	  { "control characters in what is quoted", test_control_characters })
