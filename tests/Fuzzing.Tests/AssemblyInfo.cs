// Bytes that a thread allocates are measured: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
