# Reads the lines of all members, sorted by time; COUNT values 1..COUNT must be there. See members.md.
$2 == "S" { commits++ }
$2 == "S" && $4 > committed[$3] { committed[$3] = $4 }
$2 == "R" {
  if ($4 < committed[$3] && $4 < seen[$3]) { print "given again after its commit: partition " $3 " offset " $4 " committed " committed[$3]; bad = 1 }
  if ($4 > seen[$3] + 0) { print "skipped: partition " $3 " from " seen[$3] + 0 " to " $4; bad = 1 }
  if ($4 == seen[$3] + 0) seen[$3]++
  else again++
  if (!($5 in values)) { values[$5] = 1; distinct++ }
}
END {
  if (!commits) { print "no commit was seen"; bad = 1 }
  if (distinct != COUNT) { print "values: " distinct + 0 " of " COUNT; bad = 1 }
  print "records=" distinct + 0 " again=" again + 0 " commits=" commits + 0 > "/dev/stderr"
  exit bad
}
