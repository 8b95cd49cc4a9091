using System.Reflection;
using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>
        /// A part of a model: it owns parameters, buffers and other modules, each under a name. Derived classes keep
        /// them in fields and call <see cref="RegisterComponents"/> at the end of their constructor.
        /// </summary>
        public partial class Module : IDisposable
        {
            private readonly ComponentTable<Parameter> _parameters = new();
            private readonly ComponentTable<(Tensor Tensor, bool Persistent)> _buffers = new();
            private readonly ComponentTable<Module> _submodules = new();
            private bool _registered;

            protected Module(string name) => this.name = name;

            protected string? name { get; set; }

            /// <summary>Whether the module is learning (dropout active) or in use.</summary>
            public virtual bool training { get; private set; } = true;

            public virtual string GetName() => name ?? GetType().Name;

            /// <summary>Sets the mode of this module and all below it.</summary>
            public virtual void train(bool train = true)
            {
                training = train;
                foreach (var (_, child) in named_children()) child.train(train);
            }

            public virtual void eval() => train(false);

            /// <summary>Calls a function with every module below and then with this one.</summary>
            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, child) in named_children()) child.apply(fn);
                fn(this);
                return this;
            }

            /// <summary>Registers modules, parameters and tensors (as buffers) found in the fields, in order of declaration.</summary>
            protected virtual void RegisterComponents()
            {
                if (_registered) return;
                foreach (var field in FieldsOf(GetType()))
                {
                    var component = field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? field.Name;
                    if (_submodules.Contains(component) || _parameters.Contains(component) || _buffers.Contains(component))
                        continue;
                    switch (field.GetValue(this))
                    {
                        case Module module: register_module(component, module); break;
                        case Parameter parameter: register_parameter(component, parameter); break;
                        case Tensor tensor: register_buffer(component, tensor); break;
                    }
                }
                _registered = true;
            }

            /// <exception cref="InvalidOperationException">The name is taken.</exception>
            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                if (tensor is null || tensor.IsInvalid)
                    throw new ArgumentNullException(nameof(tensor), "A null tensor cannot be registered as a buffer.");
                if (!_buffers.TryAdd(name, (tensor, persistent)))
                    throw new InvalidOperationException($"Tensor {name} is already registered.");
            }

            /// <exception cref="InvalidOperationException">The name is taken.</exception>
            public virtual void register_parameter(string name, Parameter param)
            {
                if (param is null || param.IsInvalid)
                    throw new ArgumentNullException(nameof(param), "A null tensor cannot be registered as a parameter.");
                if (!_parameters.TryAdd(name, param))
                    throw new InvalidOperationException($"Parameter {name} is already registered.");
            }

            public void add_module(string name, Module module) => register_module(name, module);

            /// <exception cref="ArgumentException">The name is empty or has a dot in it.</exception>
            /// <exception cref="InvalidOperationException">The name is taken.</exception>
            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null)
                {
                    _submodules.Remove(name);
                    return;
                }
                if (string.IsNullOrEmpty(name)) throw new ArgumentException("module name can't be empty string \"\"");
                if (name.Contains('.', StringComparison.Ordinal))
                    throw new ArgumentException($"module name can't contain \".\", got: {name}");
                submodule.RegisterComponents();
                if (!_submodules.TryAdd(name, submodule))
                    throw new InvalidOperationException($"Sub-module {name} is already registered.");
            }

            public virtual IEnumerable<(string name, Module module)> named_children() => _submodules.Items;

            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var child in named_children()) yield return child;
                foreach (var (childName, child) in named_children())
                {
                    foreach (var (inner, module) in child.named_modules()) yield return ($"{childName}.{inner}", module);
                }
            }

            public virtual IEnumerable<Module> modules() => named_modules().Select(m => m.module);

            public virtual IEnumerable<Module> children() => named_children().Select(m => m.module);

            /// <summary>All parameters with their paths, each once even where several modules share it.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                var seen = new HashSet<nint>();
                foreach (var own in _parameters.Items)
                {
                    if (!own.Value.IsInvalid && seen.Add(own.Value.Handle)) yield return own;
                }
                if (!recurse) yield break;
                foreach (var (childName, child) in named_children())
                {
                    foreach (var (inner, parameter) in child.named_parameters())
                    {
                        if (seen.Add(parameter.Handle)) yield return ($"{childName}.{inner}", parameter);
                    }
                }
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) =>
                named_parameters(recurse).Select(p => p.parameter);

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true)
            {
                var seen = new HashSet<nint>();
                foreach (var (own, (tensor, persistent)) in _buffers.Items)
                {
                    if (tensor.IsInvalid || (!persistent && !include_nonpersistent)) continue;
                    if (seen.Add(tensor.Handle)) yield return (own, tensor);
                }
                if (!recurse) yield break;
                foreach (var (childName, child) in named_children())
                {
                    foreach (var (inner, buffer) in child.named_buffers(true, include_nonpersistent))
                    {
                        if (seen.Add(buffer.Handle)) yield return ($"{childName}.{inner}", buffer);
                    }
                }
            }

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(b => b.buffer);

            public virtual bool has_parameter(string target) => get_parameter(target) is not null;

            public virtual bool has_buffer(string target) => get_buffer(target) is not null;

            /// <summary>The parameter of that path, or null.</summary>
            public virtual Parameter? get_parameter(string target) =>
                _parameters.Find(target) ?? Child(target, (child, rest) => child.get_parameter(rest));

            /// <summary>The buffer of that path, or null.</summary>
            public virtual Tensor? get_buffer(string target) =>
                _buffers.Find(target).Tensor ?? Child(target, (child, rest) => child.get_buffer(rest));

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>Disposes the parameters, the buffers and the modules below.</summary>
            protected virtual void Dispose(bool disposing)
            {
                if (!disposing) return;
                foreach (var (_, (tensor, _)) in _buffers.Items) tensor.Dispose();
                foreach (var (_, parameter) in _parameters.Items) parameter.Dispose();
                foreach (var (_, child) in _submodules.Items) child.Dispose();
            }

            private static IEnumerable<FieldInfo> FieldsOf(Type type)
            {
                const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;
                for (var t = type; t is not null && t != typeof(Module); t = t.BaseType)
                {
                    foreach (var field in t.GetFields(Own)) yield return field;
                }
            }

            private T? Child<T>(string target, Func<Module, string, T?> find)
                where T : class
            {
                var dot = target.IndexOf('.', StringComparison.Ordinal);
                if (dot < 0) return null;
                var child = named_children().FirstOrDefault(c => c.name == target[..dot]).module;
                return child is null ? null : find(child, target[(dot + 1)..]);
            }
        }

        /// <summary>Named components in the order in which they were registered.</summary>
        private sealed class ComponentTable<T>
        {
            private readonly List<(string Name, T Value)> _items = [];

            internal IEnumerable<(string Name, T Value)> Items => _items;

            internal bool Contains(string name) => _items.Exists(i => i.Name == name);

            internal T? Find(string name) => _items.Find(i => i.Name == name).Value;

            internal void Remove(string name) => _items.RemoveAll(i => i.Name == name);

            internal void Clear() => _items.Clear();

            internal bool TryAdd(string name, T value)
            {
                if (Contains(name)) return false;
                _items.Add((name, value));
                return true;
            }
        }
    }
}
