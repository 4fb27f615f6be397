package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
)

// What is wrong, beside blob's own errors. The text around them says what to
// mend.
var (
	ErrUnreachable = errors.New("the S3 server does not answer")
	ErrTLS         = errors.New("the S3 server's certificate or TLS is not as expected")
	ErrBucket      = errors.New("there is no such bucket")
	ErrAccessKey   = errors.New("the S3 server does not know the access key")
	ErrSecretKey   = errors.New("the S3 server does not accept the secret key")
	ErrForbidden   = errors.New("the access key has no right to do this")
	ErrClock       = errors.New("the clocks of this machine and of the S3 server differ too much")
	ErrChanged     = errors.New("the object was written again while it was read")
)

// explain says which request failed on what, what to mend, and which of the
// errors that callers look for it is.
func (b *Bucket) explain(doing, what string, err error) error {
	if err == nil {
		return nil
	}
	kind, mend := b.diagnose(err)
	switch {
	case kind == nil:
		return fmt.Errorf("%s %s: %w", doing, what, err)
	case errors.Is(kind, blob.ErrMissing), errors.Is(kind, ErrChanged):
		return fmt.Errorf("%s %s: %w", doing, what, errors.Join(kind, err))
	}
	cause := fmt.Errorf("%s %s at %s: %w; %s (%w)", doing, what, b.address, kind, mend, err)
	if errors.Is(kind, blob.ErrFull) {
		return errs.Wrap(errs.Unavailable, cause, "There is no space left for documents.")
	}
	return errs.Wrap(errs.Unavailable, cause, "The store of documents cannot be used now.")
}

// diagnose tells what an error means and what an operator can do about it. A
// nil kind is an error of the caller's own, as an ended context or a broken
// reader.
func (b *Bucket) diagnose(err error) (kind error, mend string) { //nolint:revive,staticcheck // the kind is what it finds, not how it went
	n := b.opt.Names
	var response minio.ErrorResponse
	if !errors.As(err, &response) {
		return b.diagnoseTransport(err)
	}
	switch response.Code {
	case minio.NoSuchKey, "NoSuchVersion":
		return blob.ErrMissing, ""
	case minio.NoSuchBucket, "InvalidBucketName":
		return ErrBucket, "make the bucket " + b.opt.Bucket + ", or mend " + n.Bucket
	case "InvalidAccessKeyId":
		return ErrAccessKey, "mend " + n.AccessKey
	case "SignatureDoesNotMatch":
		return ErrSecretKey, "mend " + n.SecretKey
	case minio.AccessDenied, "AllAccessDisabled", "AccountProblem":
		return ErrForbidden, "give the key of " + n.AccessKey + " its rights on the bucket " + b.opt.Bucket
	case minio.PreconditionFailed:
		return ErrChanged, ""
	case "RequestTimeTooSkewed":
		return ErrClock, "set this machine's clock"
	case "AuthorizationHeaderMalformed", "InvalidRegion", "PermanentRedirect":
		return ErrUnreachable, "mend " + n.Region
	case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "EntityTooLarge":
		return blob.ErrFull, "make room on the S3 server"
	}
	if strings.Contains(response.Message, "HTTP request to an HTTPS server") {
		return ErrTLS, "the server speaks TLS: set " + n.UseSSL + "=True"
	}
	if response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusTooManyRequests {
		return ErrUnreachable, "see what is wrong with the server, or wait"
	}
	return ErrUnreachable, "see that " + n.Endpoint + " is the address of an S3 server"
}

func (b *Bucket) diagnoseTransport(err error) (kind error, mend string) { //nolint:revive,staticcheck // as diagnose
	n := b.opt.Names
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		name         x509.HostnameError
		record       tls.RecordHeaderError
		network      net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return nil, ""
	case errors.As(err, &verification), errors.As(err, &authority), errors.As(err, &name):
		return ErrTLS, "its certificate is not one that this machine trusts: add its authority to this machine's, or set " + n.Verify + "=False"
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return ErrTLS, "the server does not speak TLS: set " + n.UseSSL + "=False"
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return ErrUnreachable, "see that it runs and that " + n.Endpoint + " is its address"
	}
	return nil, ""
}
