/* SPDX-License-Identifier: GPL-2.0-only */
/* Device accesses of the host tests: the test that links them fakes the device. */
#ifndef PURGATORY_HOST_IO_H
#define PURGATORY_HOST_IO_H

#include <stdint.h>

uint8_t purg_rd8(uint64_t pa);
uint16_t purg_rd16(uint64_t pa);
uint32_t purg_rd32(uint64_t pa);
uint64_t purg_rd64(uint64_t pa);
void purg_wr64(uint64_t pa, uint64_t v);
void purg_wr8(uint64_t pa, uint8_t v);
void purg_wr16(uint64_t pa, uint16_t v);
void purg_wr32(uint64_t pa, uint32_t v);
uint8_t purg_in8(uint16_t port);
void purg_out8(uint16_t port, uint8_t v);

#endif
