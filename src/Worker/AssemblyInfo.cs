using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Worker.Tests")]
[assembly: InternalsVisibleTo("Fuzzing.Tests")]
[assembly: InternalsVisibleTo("cluster-bench")]
