using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Worker.Tests")]
[assembly: InternalsVisibleTo("cluster-bench")]
