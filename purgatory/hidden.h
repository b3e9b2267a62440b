/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every symbol of purgatory is hidden.  -fvisibility=hidden only covers
 * definitions; the address of an extern function or object would still be
 * loaded from a GOT, which holds absolute addresses.  The build gives this
 * file to -include ahead of every C file.
 */
#pragma GCC visibility push(hidden)
