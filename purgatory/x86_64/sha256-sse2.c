// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-256 of four messages with SSE2, which every x86_64 has.  Chosen by
 * kexec/sys/host-x86_64.c for a CPU with neither SHA extensions nor AVX2.
 */
#define LANES	4
#define TARGET	"sse2"
#define NAME	sha256_lanes_sse2
#include "sha256-lanes.h"
