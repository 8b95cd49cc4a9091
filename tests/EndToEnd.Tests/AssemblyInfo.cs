// Each test starts processes that compute: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
