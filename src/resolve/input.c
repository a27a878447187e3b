/* SPDX-License-Identifier: MIT */
/*
 * What is to be looked up: a SIP or SIPS URI, a tel URI (RFC 3966), or a number.
 *
 * With a scheme it is a URI. Without one, what begins as a number does and has no @ is a number,
 * so that a slip in it is told as that; everything else is a URI that is none. The parameters of a
 * tel URI are for whoever takes the call and do not matter here, but for phone-context: it says
 * that the number is local, and ENUM is for global ones (RFC 6116 3.1). A SIP URI with user=phone
 * has such a number before its @ (RFC 3261 19.1.6).
 */
#include "resolve/input.h"

#include <string.h>
#include <strings.h>

#include "resolve/machine.h"

static void fail(struct input *ret, enum onnet_error error, const char *reason)
{
	ret->error = error;
	ret->reason = reason;
}

static void read_number(const char *text, struct input *ret)
{
	const char *why = "";

	ret->kind = strchr(text, '*') != NULL ? ONNET_KIND_ISN : ONNET_KIND_ENUM;
	if (number_parse(&ret->number, text, &why) < 0)
		fail(ret, ONNET_BAD_INPUT, why);
	else
		ret->has_number = true;
}

/* Whether a parameter of that name is among ";name=value;name". */
static bool has_parameter(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (; (text = strchr(text, ';')) != NULL;) {
		text++;
		if (strncasecmp(text, name, size) == 0 &&
		    (text[size] == '=' || text[size] == ';' || text[size] == '\0'))
			return true;
	}
	return false;
}

static void read_tel(const char *text, struct input *ret)
{
	char head[256];
	size_t size = strcspn(text, ";");

	ret->kind = ONNET_KIND_ENUM;
	if (size >= sizeof(head)) {
		fail(ret, ONNET_BAD_INPUT, "it has more digits than a domain name has room for");
		return;
	}
	if (has_parameter(text + size, "phone-context")) {
		fail(ret, ONNET_BAD_INPUT,
		     "a number with ;phone-context= is local, and only a "
		     "global one, with its +, can be looked up");
		return;
	}
	memcpy(head, text, size);
	head[size] = '\0';
	read_number(head, ret);
	ret->kind = ONNET_KIND_ENUM;
}

/* The global number in the user part: "+1-202-555-0123;isub=..." */
static void read_phone(struct input *ret)
{
	char user[256];
	const char *why;

	if (!ret->uri.phone || sip_user_decode(&ret->uri, user, sizeof(user)) < 0 || user[0] != '+')
		return;
	user[strcspn(user, ";")] = '\0';
	ret->has_number = number_parse(&ret->number, user, &why) == 0;
}

static void read_sip(const char *text, struct input *ret)
{
	const char *why = "";

	ret->kind = ONNET_KIND_SIP;
	if (strlen(text) > MACHINE_INPUT_MAX)
		fail(ret, ONNET_BAD_URI, "it is longer than a URI may be here");
	else if (sip_uri_parse(slice_text(text), &ret->uri, &why) < 0)
		fail(ret, ONNET_BAD_URI, why);
	else
		ret->has_uri = true;
}

/* Begins as a number does or has the star of an ISN, and is not something@somewhere. */
static bool looks_like_number(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (strpbrk(text, "@:") != NULL)
		return false;
	return text[0] == '\0' || strchr("+(0123456789 \t-.", text[0]) != NULL ||
	       strchr(text, '*') != NULL || strpbrk(text, letters) == NULL;
}

void input_read(const char *text, struct input *ret)
{
	*ret = (struct input){ .reason = "" };

	if (strncasecmp(text, "tel:", 4) == 0) {
		read_tel(text, ret);
	} else if (looks_like_number(text)) {
		read_number(text, ret);
	} else {
		read_sip(text, ret);
		if (ret->has_uri)
			read_phone(ret);
	}
}

bool input_read_sip(const char *text, struct input *ret)
{
	*ret = (struct input){ .reason = "" };
	if (strncasecmp(text, "sip:", 4) != 0 && strncasecmp(text, "sips:", 5) != 0)
		return false;
	read_sip(text, ret);
	return true;
}
