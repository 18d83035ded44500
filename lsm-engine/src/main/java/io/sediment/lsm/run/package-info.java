/**
 * Runs of level 1: sections of many partitions whose blocks may lie in several objects, found
 * through one {@link io.sediment.lsm.run.Directory}.
 *
 * <p>A run is written once, by a compaction, and never changed. Its blocks are copied out of older
 * objects together with their neighbours, or left where they are: then the run names an object of
 * level 0 among its own. What a directory says is verified when it is read; what its blocks hold is
 * verified against it like any other block.
 */
@NullMarked
package io.sediment.lsm.run;

import org.jspecify.annotations.NullMarked;
