/**
 * Reads what deploys brokers (the Kubernetes manifests, the compose file) the way their tools do.
 */
@NullMarked
package io.sediment.cluster.deploy;

import org.jspecify.annotations.NullMarked;
