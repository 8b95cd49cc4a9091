using System.Diagnostics;
using System.Globalization;
using Prometheus;

namespace TrainingCluster.Telemetry;

/// <summary>
/// The process' own metrics, read at each scrape, under the names that Prometheus' clients share (<c>process_*</c>), and those of
/// .NET's collector.
/// </summary>
internal static class ProcessMetrics
{
    public static void Publish(MetricFactory factory, CollectorRegistry registry)
    {
        using (var process = Process.GetCurrentProcess())
        {
            factory
                .CreateGauge("process_start_time_seconds", "When this process started, in seconds since 1970.")
                .Set(new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);
        }

        var processor = factory.CreateCounter("process_cpu_seconds_total", "Processor time of this process, user and system.");
        var resident = factory.CreateGauge("process_resident_memory_bytes", "Memory of this process that is in RAM, libtorch's included.");
        var threads = factory.CreateGauge("process_threads", "Threads of this process, libtorch's included.");
        var files = factory.CreateGauge("process_open_fds", "Open files and sockets of this process.");
        var faults = factory.CreateCounter(
            "process_page_faults_total",
            "Page faults of this process by kind: minor (memory only), major (read from disk).",
            "kind"
        );
        var heap = factory.CreateGauge("dotnet_gc_heap_bytes", "Memory in .NET objects; tensors are outside.");
        var collections = factory.CreateCounter(
            "dotnet_gc_collections_total",
            "Collections of .NET's garbage by generation.",
            "generation"
        );
        var pauses = factory.CreateCounter("dotnet_gc_pause_seconds_total", "Time that collections stopped this process.");
        registry.AddBeforeCollectCallback(() =>
        {
            processor.IncTo(Environment.CpuUsage.TotalTime.TotalSeconds);
            resident.Set(Environment.WorkingSet);
            var (minor, major, count) = ReadStat();
            faults.WithLabels("minor").IncTo(minor);
            faults.WithLabels("major").IncTo(major);
            threads.Set(count);
            files.Set(Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
            heap.Set(GC.GetTotalMemory(forceFullCollection: false));
            for (var generation = 0; generation <= GC.MaxGeneration; generation++)
            {
                collections.WithLabels(generation.ToString(CultureInfo.InvariantCulture)).IncTo(GC.CollectionCount(generation));
            }
            pauses.IncTo(GC.GetTotalPauseDuration().TotalSeconds);
        });
    }

    /// <summary>Fields 10, 12 and 20 of proc(5)'s stat. The second is the program's name in brackets, which may hold anything.</summary>
    private static (long MinorFaults, long MajorFaults, long Threads) ReadStat()
    {
        var text = File.ReadAllText("/proc/self/stat");
        var fromThird = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (Field(10), Field(12), Field(20));

        long Field(int number) => long.Parse(fromThird[number - 3], CultureInfo.InvariantCulture);
    }
}
