package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.Broker;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Tells who is in the cluster. */
public final class DescribeClusterHandler
    implements ApiHandler<DescribeClusterRequestData, DescribeClusterResponseData> {
  private static final byte BROKER_ENDPOINTS = 1;
  private static final byte CONTROLLER_ENDPOINTS = 2;

  private final ClusterMetadata metadata;
  private final int brokerId;

  public DescribeClusterHandler(ClusterMetadata metadata, int brokerId) {
    this.metadata = metadata;
    this.brokerId = brokerId;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_CLUSTER;
  }

  @Override
  public CompletableFuture<DescribeClusterResponseData> handle(
      RequestContext context, DescribeClusterRequestData request) {
    DescribeClusterResponseData response =
        new DescribeClusterResponseData().setEndpointType(request.endpointType());
    if (request.endpointType() != BROKER_ENDPOINTS) {
      Errors error =
          request.endpointType() == CONTROLLER_ENDPOINTS
              ? Errors.MISMATCHED_ENDPOINT_TYPE
              : Errors.UNSUPPORTED_ENDPOINT_TYPE;
      return CompletableFuture.completedFuture(
          response
              .setErrorCode(error.code())
              .setErrorMessage(
                  "This endpoint serves brokers; asked for type " + request.endpointType()));
    }
    MetadataImage image = metadata.image();
    response.setClusterId(image.clusterId()).setControllerId(brokerId);
    SortedMap<Integer, Broker> serving = image.servingBrokers();
    for (Broker broker : (request.includeFencedBrokers() ? image.brokers() : serving).values()) {
      response
          .brokers()
          .add(
              new DescribeClusterBroker()
                  .setBrokerId(broker.id())
                  .setHost(broker.host())
                  .setPort(broker.port())
                  .setRack(broker.rack())
                  .setIsFenced(!serving.containsKey(broker.id())));
    }
    return CompletableFuture.completedFuture(response);
  }
}
