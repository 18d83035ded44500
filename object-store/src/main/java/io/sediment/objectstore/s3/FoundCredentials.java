package io.sediment.objectstore.s3;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * The SDK's default chain, which tells credentials that were never there (a mistake in the set-up)
 * from ones that cannot be refreshed just now (the metadata service is away for a while).
 */
final class FoundCredentials implements AwsCredentialsProvider, SdkAutoCloseable {
  private final DefaultCredentialsProvider chain = DefaultCredentialsProvider.builder().build();
  private volatile boolean found;

  @Override
  public AwsCredentials resolveCredentials() {
    return chain.resolveCredentials();
  }

  @Override
  public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
    try {
      AwsCredentials credentials = chain.resolveCredentials();
      found = true;
      return CompletableFuture.completedFuture(credentials);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(found ? e : new NoCredentialsException(e));
    }
  }

  @Override
  public void close() {
    chain.close();
  }
}
