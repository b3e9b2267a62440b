/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The libFuzzer program, all targets in one:
 *
 *	fuzz --target=NAME [libFuzzer options] CORPUS...
 *
 * Built with clang -fsanitize=fuzzer,address,undefined ("configure
 * --enable-fuzz").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer passes nothing through its calls. */
static const struct fuzz_target *target;

#define OPTION	"--target="

/* libFuzzer itself skips options that start with "--". */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (int i = 1; i < *argc; i++)
		if (!strncmp((*argv)[i], OPTION, strlen(OPTION)))
			target = fuzz_find((*argv)[i] + strlen(OPTION));
	if (target)
		return 0;
	fprintf(stderr, "expected " OPTION "NAME, NAME one of:\n");
	for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
		fprintf(stderr, "  %s\n", t->name);
	exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target->run((struct kx_bytes){ data, size });
	return 0;
}
