/**
 * The runnable broker: reads its settings from environment variables, wires the modules together,
 * and starts and stops them in order.
 *
 * <p>{@link io.sediment.cluster.Main} turns failures into one line and an exit status: 2 for a
 * setting that cannot be right, 3 for data that is in use or belongs to somebody else, 1 for
 * everything else. Nothing here is a library; other modules never depend on it.
 */
@NullMarked
package io.sediment.cluster;

import org.jspecify.annotations.NullMarked;
