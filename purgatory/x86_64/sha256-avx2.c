// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256 of eight messages with AVX2, for CPUs without the SHA extensions.  Chosen by
 * machine.c and, in a process, by kexec/sys/host-x86_64.c.
 */
#define LANES	8
#define TARGET	"avx2"
#define NAME	sha256_lanes_avx2
#include "sha256-lanes.h"
