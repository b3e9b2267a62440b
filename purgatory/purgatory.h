/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purgatory's own interfaces: the shared parts and the hooks that each
 * architecture fills in.  The contract with kexec is include/purgatory/abi.h.
 *
 * No pointer may appear in initialised data: the image is not relocated, and
 * the build links it twice at different bases and compares the bytes.  So
 * there are no tables of strings or functions here; a small switch returns
 * them, which the compiler turns into pc-relative code.
 *
 * A physical address is used as it is: purgatory runs identity-mapped or
 * without MMU.
 *
 * Devices are reached through <io.h>, in angle brackets so that the include
 * path decides whose it is: the architecture's, or the host tests' fake.
 */
#ifndef PURGATORY_PURGATORY_H
#define PURGATORY_PURGATORY_H

#include <stddef.h>
#include <stdint.h>
#include "purgatory/abi.h"
#include "purgatory/sha256.h"

#define PURG_NORETURN __attribute__((noreturn))

/*
 * Polls of a "transmitter ready" bit before a console is given up.  One poll
 * is a device read, 0.1 to 1 us, so this is 0.1 to 1 s; one character takes
 * 1 ms at 9600 baud.  Paid once per console: it is dropped afterwards.
 */
#define PURG_CONSOLE_POLLS	(1u << 20)

/* A message, collected so that it reaches every console in one piece. */
#define PURG_LINE_MAX		192
struct purg_line {
	uint32_t len;
	char text[PURG_LINE_MAX];
};

/* print.c.  What does not fit is cut off; nothing here can fail. */
void purg_line_init(struct purg_line *l);	/* starts with "kexec purgatory: " */
void purg_line_str(struct purg_line *l, const char *s);
void purg_line_hex(struct purg_line *l, uint64_t v);	/* 0x1f */
void purg_line_dec(struct purg_line *l, uint64_t v);
void purg_line_bytes(struct purg_line *l, const uint8_t *bytes, size_t len);
void purg_line_print(struct purg_line *l, struct purg_param *p);

/*
 * console.c.  A console whose transmitter does not become ready is set to
 * PURG_CONSOLE_NONE in the block, which is the only state there is.
 */
void purg_console_init(struct purg_param *p);
void purg_console_write(struct purg_param *p, const char *text, size_t len);

/* uart8250.c.  _write returns 0, or -1 if the transmitter got stuck. */
void purg_uart8250_init(const struct purg_console *c);
int purg_uart8250_write(const struct purg_console *c, const char *text, size_t len);

/* param.c.  Read-only; NULL or what is wrong with the block. */
const char *purg_param_check_head(const struct purg_param *p);
const char *purg_param_check(const struct purg_param *p, uint64_t base);
/* Does a region with all of @flags (PURG_REGION_*) hold [@pa, @pa + @len)? */
int purg_param_inside(const struct purg_param *p, uint64_t pa, uint64_t len, uint32_t flags);
/* Turns off consoles this machine cannot have; NULL or what was wrong. */
const char *purg_param_fix_consoles(struct purg_param *p);

/* purgatory.c */
/* Called by entry.S; @base is where the image really is. */
PURG_NORETURN void purgatory(struct purg_param *p, uint64_t base);
/* Prints @l with what happens next, then obeys on_fail. */
PURG_NORETURN void purg_fail(struct purg_param *p, struct purg_line *l);
PURG_NORETURN void purg_stop(struct purg_param *p);

/* The block, at PURG_PARAM_OFF of the image. */
extern struct purg_param purg_param;
/* The first byte of the image (purgatory.lds). */
extern const uint8_t purg_image_start[];

/* unpack.c: obeys the unpack list; a bad record ends in purg_fail with its number. */
void purg_unpack(struct purg_param *p);

/* timing.c: says (PURG_F_TIMING) and records the stamps; counter values, except HZ and BYTES. */
void purg_timing_record(struct purg_param *p, const uint64_t stamp[PURG_TIMING_WORDS]);

/* What purg_arch_sha256_begin changed in the CPU, for _end to put back. */
struct purg_fpu {
	uint64_t reg[3];
};

/* purgatory/lz4.h has two of these. */
typedef const char *purg_lz4_fn(const uint8_t *src, uint64_t src_len, uint8_t *dst,
				uint64_t dst_len);

/*
 * Hooks, in the order purgatory.c calls them.
 *
 * _counter: the clock of the timing record; _counter_hz its rate, 0 = unknown.
 * _init:    after it the consoles can be reached; no output before it.
 * _check:   NULL, or why this block cannot be obeyed here.
 * _map:     maps the regions, the image and the consoles.  0; *ret_why NULL or,
 *           on arm64, why it runs with MMU and caches off instead.  -1: there
 *           is no way on, for *ret_why.
 * _move:    memmove(), as fast as the machine can.  _zero: memset(@dst, 0).
 * _lz4:     the decoder for the accesses that are possible now.
 * _handover: does not come back; fails with purg_fail.
 * _reset:   comes back if there is no way to reset this machine.
 */
uint64_t purg_arch_counter(void);
uint64_t purg_arch_counter_hz(void);
int purg_arch_console_known(uint32_t kind);
void purg_arch_init(struct purg_param *p);
int purg_arch_console_write(const struct purg_console *c, const char *text, size_t len);
const char *purg_arch_check(const struct purg_param *p);
int purg_arch_map(struct purg_param *p, const char **ret_why);
struct sha256_engine purg_arch_sha256_begin(struct purg_fpu *save);
void purg_arch_sha256_end(const struct purg_fpu *save);
void purg_arch_move(void *dst, const void *src, uint64_t len);
void purg_arch_zero(void *dst, uint64_t len);
purg_lz4_fn *purg_arch_lz4(void);
PURG_NORETURN void purg_arch_handover(struct purg_param *p);
void purg_arch_reset(const struct purg_param *p);
PURG_NORETURN void purg_arch_halt(void);

#endif
