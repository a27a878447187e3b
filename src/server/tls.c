/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS over TLS (RFC 7858), the server's side, over GnuTLS. Nothing here waits: a handshake goes on as
 * octets come in, from the worker's loop, and how long it may take is the connection's idle time.
 *
 * TLS 1.2 and 1.3 are spoken. For transfers RFC 9103 asks for more, TLS 1.3 or later (7.2) and the token
 * "dot" (7.1); tls_level() says whether a session has it. Resumption (RFC 8446 2.2) spares clients that
 * come often a signature of ours; its key is made with the credentials and never leaves the process.
 */
#include "server/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>

static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct tls_credentials {
	atomic_uint holders;
	gnutls_certificate_credentials_t certificate;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key;
};

struct tls_session {
	struct tls_credentials *credentials;
	gnutls_session_t gnutls;
	bool established;
	bool broken;
	bool unsent; /* tls_send() did not get rid of what it was given */
};

/* Whether the file is there and may be read, which GnuTLS does not tell from what it holds. */
static int check_file(const char *word, const char *path, struct text *fault)
{
	gnutls_datum_t data;

	if (gnutls_load_file(path, &data) == 0) {
		gnutls_free(data.data);
		return 0;
	}
	text_printf(fault, "tls: %s: can't read '%s': %s\n", word, path, strerror(errno));
	return -EINVAL;
}

static int load_certificate(struct tls_credentials *credentials, const struct conf_tls *conf,
			    struct text *fault)
{
	int err = check_file("certificate", conf->certificate, fault);

	if (err == 0)
		err = check_file("key", conf->key, fault);
	if (err != 0)
		return err;
	err = gnutls_certificate_set_x509_key_file(credentials->certificate, conf->certificate,
						   conf->key, GNUTLS_X509_FMT_PEM);
	if (err >= 0)
		return 0;
	text_printf(fault, "tls: certificate '%s', key '%s': %s\n", conf->certificate, conf->key,
		    gnutls_strerror(err));
	return err == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

int tls_credentials_new(struct tls_credentials **ret, const struct conf_tls *conf,
			struct text *fault)
{
	struct tls_credentials *credentials = calloc(1, sizeof(*credentials));

	if (credentials == NULL)
		return -ENOMEM;
	atomic_store(&credentials->holders, 1);

	int err = 0;
	if (gnutls_certificate_allocate_credentials(&credentials->certificate) < 0 ||
	    gnutls_priority_init(&credentials->priority, priority, NULL) < 0 ||
	    gnutls_session_ticket_key_generate(&credentials->ticket_key) < 0) {
		text_puts(fault, "tls: GnuTLS can't be made ready\n");
		err = -ENOMEM;
	}
	if (err == 0)
		err = load_certificate(credentials, conf, fault);
	if (err != 0)
		tls_credentials_release(credentials);
	else
		*ret = credentials;
	return err;
}

struct tls_credentials *tls_credentials_hold(struct tls_credentials *credentials)
{
	if (credentials != NULL)
		atomic_fetch_add(&credentials->holders, 1);
	return credentials;
}

void tls_credentials_release(struct tls_credentials *credentials)
{
	if (credentials == NULL || atomic_fetch_sub(&credentials->holders, 1) > 1)
		return;
	if (credentials->certificate != NULL)
		gnutls_certificate_free_credentials(credentials->certificate);
	if (credentials->priority != NULL)
		gnutls_priority_deinit(credentials->priority);
	if (credentials->ticket_key.data != NULL) {
		gnutls_memset(credentials->ticket_key.data, 0, credentials->ticket_key.size);
		gnutls_free(credentials->ticket_key.data);
	}
	free(credentials);
}

/* RFC 7301 3.2: a client that offers other protocols alone is turned away; one that offers none is not. */
static int set_up(struct tls_session *session, struct tls_credentials *credentials)
{
	static const gnutls_datum_t dot = { (unsigned char *)"dot", 3 };
	gnutls_session_t gnutls = session->gnutls;
	int err = gnutls_priority_set(gnutls, credentials->priority);

	if (err >= 0)
		err = gnutls_credentials_set(gnutls, GNUTLS_CRD_CERTIFICATE,
					     credentials->certificate);
	if (err >= 0)
		err = gnutls_alpn_set_protocols(gnutls, &dot, 1, GNUTLS_ALPN_MANDATORY);
	if (err >= 0)
		err = gnutls_session_ticket_enable_server(gnutls, &credentials->ticket_key);
	return err >= 0 ? 0 : -EIO;
}

int tls_session_new(struct tls_session **ret, struct tls_credentials *credentials, int socket)
{
	struct tls_session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return -ENOMEM;
	session->credentials = tls_credentials_hold(credentials);
	if (gnutls_init(&session->gnutls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		session->gnutls = NULL;
		tls_session_free(session);
		return -ENOMEM;
	}

	int err = set_up(session, credentials);
	if (err != 0) {
		tls_session_free(session);
		return err;
	}
	gnutls_transport_set_int(session->gnutls, socket);
	gnutls_handshake_set_timeout(session->gnutls, 0); /* the connection's idle time is */
	*ret = session;
	return 0;
}

void tls_session_free(struct tls_session *session)
{
	if (session == NULL)
		return;
	if (session->established && !session->broken && !session->unsent)
		gnutls_bye(session->gnutls, GNUTLS_SHUT_WR);
	if (session->gnutls != NULL)
		gnutls_deinit(session->gnutls);
	tls_credentials_release(session->credentials);
	free(session);
}

static bool is_passing(int err)
{
	return err == GNUTLS_E_AGAIN || err == GNUTLS_E_INTERRUPTED ||
	       err == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

int tls_handshake(struct tls_session *session)
{
	int err = gnutls_handshake(session->gnutls);

	if (err == 0) {
		session->established = true;
		return 1;
	}
	if (is_passing(err))
		return 0;
	gnutls_alert_send_appropriate(session->gnutls, err);
	session->broken = true;
	return err == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EPROTO;
}

bool tls_wants_to_send(const struct tls_session *session)
{
	return gnutls_record_get_direction(session->gnutls) == 1;
}

enum exchange_tls tls_level(const struct tls_session *session)
{
	gnutls_datum_t protocol;

	if (gnutls_protocol_get_version(session->gnutls) < GNUTLS_TLS1_3 ||
	    gnutls_alpn_get_selected_protocol(session->gnutls, &protocol) != 0)
		return EXCHANGE_TLS;
	return EXCHANGE_TLS_TRANSFERS;
}

static ssize_t fail(struct tls_session *session, ssize_t err)
{
	if (is_passing((int)err)) {
		errno = EAGAIN;
	} else {
		session->broken = true;
		errno = ECONNRESET;
	}
	return -1;
}

ssize_t tls_receive(struct tls_session *session, void *buffer, size_t room)
{
	ssize_t size = gnutls_record_recv(session->gnutls, buffer, room);

	/* a request counts when it is whole, so that it does not matter who cut the connection */
	if (size == GNUTLS_E_PREMATURE_TERMINATION)
		return 0;
	return size >= 0 ? size : fail(session, size);
}

/* What GnuTLS could not get rid of it has kept: it is told to go on with that. */
ssize_t tls_send(struct tls_session *session, const void *data, size_t size)
{
	ssize_t sent = session->unsent ? gnutls_record_send(session->gnutls, NULL, 0) :
					 gnutls_record_send(session->gnutls, data, size);

	session->unsent = sent < 0;
	return sent >= 0 ? sent : fail(session, sent);
}

bool tls_has_more(const struct tls_session *session)
{
	return gnutls_record_check_pending(session->gnutls) > 0;
}
