namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            /// <summary>Forgets the gradients, or sets them to zero in place.</summary>
            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    using var grad = parameter.grad;
                    if (grad is null) continue;
                    if (set_to_none) parameter.grad = null;
                    else grad.zero_().Dispose();
                }
            }

            /// <summary>Parameters and persistent buffers by path; the tensors are the module's own.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                var start = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                foreach (var (path, parameter) in named_parameters(false)) destination.TryAdd(start + path, parameter);
                foreach (var (path, buffer) in named_buffers(false, false)) destination.TryAdd(start + path, buffer);
                foreach (var (path, child) in named_children()) child.state_dict(destination, start + path);
                return destination;
            }

            /// <summary>Copies tensors into the module's parameters and buffers of the same paths.</summary>
            /// <exception cref="InvalidOperationException">Strict, and the paths are not the same.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                skip ??= [];
                var own = state_dict();
                var missing = own.Keys.Where(k => !skip.Contains(k) && !source.ContainsKey(k)).ToList();
                var unexpected = source.Keys.Where(k => !skip.Contains(k) && !own.ContainsKey(k)).ToList();
                if (strict && missing.Count + unexpected.Count > 0)
                    throw new InvalidOperationException($"The loaded state_dict is not identical to the target dictionary. Missing: {string.Join(", ", missing)}. Unexpected: {string.Join(", ", unexpected)}.");
                using var frozen = no_grad();
                foreach (var (path, tensor) in source)
                {
                    if (!skip.Contains(path) && own.TryGetValue(path, out var target)) target.copy_(tensor);
                }
                return (missing, unexpected);
            }

            internal void Move(Device? device, ScalarType? dtype)
            {
                if (dtype.HasValue && !is_floating_point(dtype.Value))
                    throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={dtype}");
                using var frozen = no_grad();
                foreach (var (_, parameter) in named_parameters())
                {
                    using var grad = parameter.grad;
                    Convert(parameter, device, dtype, parameter.requires_grad);
                    if (grad is null) continue;
                    using var moved = Converted(grad, device, dtype);
                    parameter.grad = moved;
                }
                foreach (var (_, buffer) in named_buffers()) Convert(buffer, device, dtype, false);
            }

            private static void Convert(Tensor tensor, Device? device, ScalarType? dtype, bool requires_grad)
            {
                var target = dtype.HasValue && tensor.is_floating_point() ? dtype.Value : tensor.dtype;
                var place = device ?? tensor.device;
                if (target == tensor.dtype && place.type == tensor.device_type && place.index == tensor.device_index) return;
                tensor.ReplaceHandle(tensor.to(target, place).requires_grad_(requires_grad));
            }

            private static Tensor Converted(Tensor tensor, Device? device, ScalarType? dtype) =>
                tensor.to(dtype ?? tensor.dtype, device ?? tensor.device);
        }
    }
}

/// <summary>Moves and converts whole modules, returning them.</summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.ScalarType type)
        where T : torch.nn.Module
    {
        module.Move(null, type);
        return module;
    }

    public static T to<T>(this T module, torch.Device device)
        where T : torch.nn.Module
    {
        module.Move(device, null);
        return module;
    }

    public static T to<T>(this T module, string device)
        where T : torch.nn.Module => module.to(new torch.Device(device));

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1)
        where T : torch.nn.Module => module.to(new torch.Device(deviceType, deviceIndex));

    public static T to<T>(this T module, torch.Device device, torch.ScalarType type)
        where T : torch.nn.Module
    {
        module.Move(device, type);
        return module;
    }

    public static T cpu<T>(this T module)
        where T : torch.nn.Module => module.to(torch.CPU);

    public static T cuda<T>(this T module, int deviceIndex = -1)
        where T : torch.nn.Module => module.to(DeviceType.CUDA, deviceIndex);

    public static T @float<T>(this T module)
        where T : torch.nn.Module => module.to(torch.ScalarType.Float32);

    public static T @double<T>(this T module)
        where T : torch.nn.Module => module.to(torch.ScalarType.Float64);

    public static T half<T>(this T module)
        where T : torch.nn.Module => module.to(torch.ScalarType.Float16);

    public static T bfloat16<T>(this T module)
        where T : torch.nn.Module => module.to(torch.ScalarType.BFloat16);
}
