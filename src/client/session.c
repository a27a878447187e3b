/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS, the client's side. The strict profile of RFC 8310 5: the server shows a certificate that leads
 * to an authority we trust and has the name that we were told, or nothing is sent. The name must
 * stand in the subjectAltName (8.1: the common name counts for nothing). A transfer takes TLS 1.3 or
 * later (RFC 9103 7.2) and the token "dot" (7.1).
 */
#include "client/session.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <poll.h>

#include "client/socket.h"

static const char for_queries[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
static const char for_transfers[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

static int set_up(gnutls_session_t session, const struct client_options *options, bool transfer)
{
	static const gnutls_datum_t dot = { (unsigned char *)"dot", 3 };
	size_t size = strlen(options->tls);
	int err = gnutls_priority_set_direct(session, transfer ? for_transfers : for_queries, NULL);

	if (size > 0 && options->tls[size - 1] == '.')
		size--; /* RFC 6066 3: "without a trailing dot" */
	if (err >= 0)
		err = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
					     options->trust->credentials);
	if (err >= 0)
		err = gnutls_server_name_set(session, GNUTLS_NAME_DNS, options->tls, size);
	if (err >= 0)
		err = gnutls_alpn_set_protocols(session, &dot, 1, 0);
	return err;
}

/* The names in the certificate, "a, b"; an empty text where it has none. */
static void list_names(struct text *ret, gnutls_x509_crt_t certificate)
{
	char name[KNOT_DNAME_TXT_MAXLEN + 1];

	for (unsigned i = 0;; i++) {
		size_t size = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return;
		if (type == GNUTLS_SAN_DNSNAME)
			text_printf(ret, "%s%.*s", ret->size > 0 ? ", " : "", (int)size, name);
	}
}

static int check_name(struct client *client, gnutls_x509_crt_t certificate)
{
	const char *wanted = client->options.tls;
	struct text names = { 0 };
	int err = 0;

	list_names(&names, certificate);
	if (names.size == 0)
		err = client_fail(client, -EKEYREJECTED,
				  "%s: its certificate is for no name (it has no subjectAltName)",
				  client->server);
	else if (gnutls_x509_crt_check_hostname(certificate, wanted) == 0)
		err = client_fail(client, -EKEYREJECTED, "%s: its certificate is for %s, not %s",
				  client->server, text_get(&names), wanted);
	text_done(&names);
	return err;
}

/* What is wrong with a certificate, the most telling first. */
static const struct {
	unsigned status;
	const char *words;
} faults[] = {
	{ GNUTLS_CERT_REVOKED, "was revoked" },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, "is not from an authority that is trusted here" },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "is not from an authority" },
	{ GNUTLS_CERT_EXPIRED, "has expired" },
	{ GNUTLS_CERT_NOT_ACTIVATED, "is not valid yet" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, "is signed in a way that is not secure" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE, "has a wrong signature" },
};

static int check_chain(struct client *client, gnutls_session_t session)
{
	const char *words = "is not good";
	unsigned status = 0;

	if (gnutls_certificate_verify_peers2(session, &status) < 0)
		return client_fail(client, -EKEYREJECTED, "%s: it shows no certificate",
				   client->server);
	if (status == 0)
		return 0;
	for (size_t i = sizeof(faults) / sizeof(faults[0]); i-- > 0;)
		if ((status & faults[i].status) != 0)
			words = faults[i].words;
	return client_fail(client, -EKEYREJECTED, "%s: its certificate %s", client->server, words);
}

static int check_certificate(struct client *client, gnutls_session_t session)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;
	int err = check_chain(client, session);

	if (err < 0)
		return err;
	if (count == 0 || gnutls_x509_crt_init(&certificate) < 0)
		return client_fail(client, -ENOMEM, "out of memory");
	if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) < 0)
		err = client_fail(client, -EKEYREJECTED, "%s: its certificate can't be read",
				  client->server);
	else
		err = check_name(client, certificate);
	gnutls_x509_crt_deinit(certificate);
	return err;
}

static int shake_hands(struct client *client, gnutls_session_t session, int fd, int64_t deadline)
{
	for (;;) {
		int err = gnutls_handshake(session);

		if (err == 0)
			return 0;
		if (err == GNUTLS_E_FATAL_ALERT_RECEIVED)
			return client_fail(client, -EPROTO, "%s broke off the TLS handshake: %s",
					   client->server,
					   gnutls_alert_get_name(gnutls_alert_get(session)));
		if (gnutls_error_is_fatal(err) != 0)
			return client_fail(client, -EPROTO, "%s: no TLS handshake: %s",
					   client->server, gnutls_strerror(err));

		bool sends = gnutls_record_get_direction(session) == 1;
		err = client_socket_wait(fd, sends ? POLLOUT : POLLIN, deadline);
		if (err < 0)
			return client_fail(client, err, "%s: no TLS handshake: %s", client->server,
					   strerror(-err));
	}
}

static int check_session(struct client *client, gnutls_session_t session, bool transfer)
{
	gnutls_datum_t protocol;

	if (transfer && gnutls_alpn_get_selected_protocol(session, &protocol) != 0)
		return client_fail(client, -EPROTO,
				   "%s does not choose the ALPN token dot, which a transfer takes",
				   client->server);
	return check_certificate(client, session);
}

int client_session_new(gnutls_session_t *ret, struct client *client, int fd, bool transfer,
		       int64_t deadline)
{
	gnutls_session_t session;
	int err;

	if (client->options.trust == NULL)
		return client_fail(client, -EINVAL, "nobody's certificates are trusted");
	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return client_fail(client, -ENOMEM, "out of memory");
	err = set_up(session, &client->options, transfer);
	if (err < 0) {
		gnutls_deinit(session);
		return client_fail(client, -EPROTO, "TLS: %s", gnutls_strerror(err));
	}
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, 0); /* the deadline is ours */

	err = shake_hands(client, session, fd, deadline);
	if (err == 0)
		err = check_session(client, session, transfer);
	if (err < 0)
		gnutls_deinit(session);
	else
		*ret = session;
	return err;
}

void client_session_free(gnutls_session_t session)
{
	gnutls_bye(session, GNUTLS_SHUT_WR);
	gnutls_deinit(session);
}
