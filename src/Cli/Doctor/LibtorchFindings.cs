using TorchSharp;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Cli.Doctor;

/// <summary>libtorch and what comes with it. Loads it: a library that does not load is what people ask a doctor about.</summary>
internal static class LibtorchFindings
{
    public static IReadOnlyList<Finding> Collect(string? folder)
    {
        try
        {
            Libtorch.Load(folder);
        }
        catch (LibtorchException error)
        {
            return [new Finding("libtorch", "cannot be used", error.Message)];
        }
        var build = Libtorch.Build!;
        return
        [
            new Finding("libtorch", $"{build.Version}, {(build.Cuda.Length > 0 ? $"CUDA {build.Cuda}" : "CPU")}, {build.Compiler}"),
            new Finding("loaded from", Libtorch.LoadedFrom!),
            new Finding("BLAS", build.Blas),
            new Finding("oneDNN", build.OneDnn.Length > 0 ? build.OneDnn : "none"),
            new Finding("libtorch kernels", build.Kernels),
            new Finding("threads", $"{torch.get_num_threads()} of libtorch ({Variable("OMP_NUM_THREADS")}, {Variable("MKL_NUM_THREADS")})"),
            new Finding("tensors' memory", TensorMemory.Problem is { } problem ? $"malloc's: {problem}" : "a heap of their own"),
            new Finding("CUDA", Cuda()),
        ];
    }

    private static string Cuda()
    {
        if (!Libtorch.HasCuda)
        {
            return "not in this libtorch";
        }
        return torch.cuda.is_available() ? $"{torch.cuda.device_count()} GPU(s)" : "in this libtorch, but it sees no GPU";
    }

    private static string Variable(string name) => $"{name}={Environment.GetEnvironmentVariable(name) ?? "-"}";
}
