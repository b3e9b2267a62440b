/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole unit test framework.  A test program is a table of functions:
 *
 *	static void test_add(void) { CHECK_EQ_U64(1 + 1, 2); }
 *	TEST_MAIN({ "addition", test_add }, { "more", test_more })
 *
 * It prints TAP ("ok N - name", "not ok N - name", "# file:line: why" before
 * it) and exits 1 if anything failed.  A failed check does not leave its test;
 * write "if (!CHECK(p)) return;" where going on makes no sense.
 */
#ifndef TEST_H
#define TEST_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
};

static int test_failed;		/* of the running test */
static const char *test_skipped;	/* why, or NULL */

static inline int test_report(int ok, const char *file, int line, const char *what)
{
	if (!ok) {
		printf("# %s:%d: %s\n", file, line, what);
		test_failed = 1;
	}
	return ok;
}

static inline int test_u64(uint64_t a, uint64_t b, const char *file, int line, const char *what)
{
	if (a != b)
		printf("# have %#" PRIx64 ", want %#" PRIx64 "\n", a, b);
	return test_report(a == b, file, line, what);
}

static inline int test_str(const char *a, const char *b, const char *file, int line,
			   const char *what)
{
	int same = a && b ? !strcmp(a, b) : a == b;

	if (!same)
		printf("# have \"%s\"\n# want \"%s\"\n", a ? a : "(null)", b ? b : "(null)");
	return test_report(same, file, line, what);
}

/* Each gives 1 if it held. */
#define CHECK(cond)		test_report(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ_U64(a, b)	test_u64((a), (b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_STR(a, b)		test_str((a), (b), __FILE__, __LINE__, #a " == " #b)
#define CHECK_MEM(a, b, len)	test_report(!memcmp((a), (b), (len)), __FILE__, __LINE__, #a " == " #b)
#define TEST_SKIP(why)		do { test_skipped = (why); return; } while (0)

/* Runs one test and prints its line; gives 1 if it failed. */
static inline int test_run(const struct test *t, size_t number)
{
	test_failed = 0;
	test_skipped = NULL;
	t->run();
	printf("%sok %zu - %s%s%s\n", test_failed ? "not " : "", number, t->name,
	       test_skipped ? " # SKIP " : "", test_skipped ? test_skipped : "");
	return test_failed;
}

static inline int test_main(const struct test *t, size_t count)
{
	int failures = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		failures += test_run(&t[i], i + 1);
	return failures != 0;
}

#define TEST_MAIN(...)								\
	int main(void)								\
	{									\
		static const struct test table[] = { __VA_ARGS__ };		\
		return test_main(table, sizeof(table) / sizeof(table[0]));	\
	}

#endif
