/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef DNS_KEY_H
#define DNS_KEY_H

#include <libknot/dname.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A name below an apex as octets whose memcmp() order is the canonical order of names (RFC 4034
 * 6.1), so that a subtree is one range: labels from the apex down, in lower case, each closed by
 * a zero octet. The apex itself is the empty key; the key of a name is the start of the key of
 * every name below it, and of no other.
 */
enum { KEY_MAX = 504 };

/* Writes the key of name, an uncompressed name at or below an apex of apex_labels labels; returns its size. */
size_t key_write(uint8_t ret[KEY_MAX], const knot_dname_t *name, size_t apex_labels);

/* The name that a key below apex stands for; returns its size, 0 where octets are no key. */
size_t key_name(knot_dname_storage_t ret, const uint8_t *key, size_t size,
		const knot_dname_t *apex);

/* How many octets of key its first count labels (those nearest to the apex) take. */
size_t key_labels_size(const uint8_t *key, size_t size, size_t count);

/* How many labels a and b share from the apex down; in shared_size their octets. */
size_t key_shared_labels(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			 size_t *shared_size);

#endif
