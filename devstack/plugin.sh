#!/bin/bash
#
# The DevStack plugin of nova-zvm: nova on z/VM, or on a simulated z/VM.
#
#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

ZVM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# All that the plugin makes on this host is below here. It is not among the
# settings, since clean.sh does not read these.
ZVM_DATA_DIR=$DATA_DIR/nova-zvm
ZVM_CONNECTOR_VENV=$ZVM_DATA_DIR/connector
ZVM_SYSTEM_DIR=$ZVM_DATA_DIR/system
ZVM_FLAVOR=zvm.small
ZVM_FLAVOR_ALT=zvm.medium

function zvm_is_simulated {
    [[ -z "$ZVM_CONNECTOR_URL" ]]
}

function zvm_runs_neutron_server {
    is_service_enabled q-svc neutron-api
}

function zvm_command {
    echo "$(get_python_exec_prefix)/$1"
}

# Check the settings
# ------------------

function zvm_check_settings {
    if zvm_is_simulated; then
        zvm_check_simulated
    else
        zvm_check_live
    fi
    zvm_check_image
    if zvm_runs_neutron_server; then
        zvm_check_neutron
    fi
}

function zvm_check_simulated {
    local name
    for name in ZVM_CONNECTOR_TOKEN_FILE ZVM_CONNECTOR_CA_FILE; do
        if [[ -n "${!name}" ]]; then
            die $LINENO "$name is set and ZVM_CONNECTOR_URL is not: set the" \
                "URL too, or leave $name out for the simulated z/VM."
        fi
    done
    if [[ "$ZVM_SIMULATOR_SCENARIO" == */* ]]; then
        zvm_check_readable ZVM_SIMULATOR_SCENARIO
    fi
}

function zvm_check_live {
    if [[ ! "$ZVM_CONNECTOR_URL" =~ ^https?://[^/] ]]; then
        die $LINENO "ZVM_CONNECTOR_URL must be a URL that begins with" \
            "http:// or https://, such as https://zvm.example.org/."
    fi
    if [[ -n "$ZVM_SIMULATOR_SCENARIO" ]]; then
        die $LINENO "ZVM_SIMULATOR_SCENARIO and ZVM_CONNECTOR_URL are set:" \
            "leave one of them out."
    fi
    if is_service_enabled zvm-simulator; then
        die $LINENO "ZVM_CONNECTOR_URL is set and the service zvm-simulator" \
            "is enabled: leave one of them out."
    fi
    if [[ -n "$ZVM_CONNECTOR_CA_FILE" && \
            "$ZVM_CONNECTOR_URL" != https:* ]]; then
        die $LINENO "ZVM_CONNECTOR_CA_FILE is set and ZVM_CONNECTOR_URL does" \
            "not begin with https://: correct the URL or leave the file out."
    fi
    zvm_check_readable ZVM_CONNECTOR_TOKEN_FILE
    zvm_check_readable ZVM_CONNECTOR_CA_FILE
}

# A setting that names a file: it may be empty. Services are started in other
# directories than this.
function zvm_check_readable {
    if [[ -n "${!1}" && \
            ! ( "${!1}" == /* && -f "${!1}" && -r "${!1}" ) ]]; then
        die $LINENO "$1 must be the absolute path of a file that $(whoami)" \
            "can read, and ${!1} is not."
    fi
}

function zvm_check_image {
    if [[ -n "$ZVM_IMAGE_FILE" && -n "$ZVM_IMAGE_URL" ]]; then
        die $LINENO "ZVM_IMAGE_FILE and ZVM_IMAGE_URL are set: leave one of" \
            "them out."
    fi
    if [[ -n "$ZVM_IMAGE_FILE$ZVM_IMAGE_URL" && \
            -z "$ZVM_IMAGE_OS_DISTRO" ]]; then
        die $LINENO "ZVM_IMAGE_OS_DISTRO is not set: give name and version" \
            "of the image's Linux, such as rhel8.6."
    fi
    zvm_check_readable ZVM_IMAGE_FILE
}

function zvm_check_neutron {
    if [[ "$Q_AGENT" == ovn || \
            ",$Q_ML2_PLUGIN_MECHANISM_DRIVERS," == *,ovn,* ]]; then
        die $LINENO "OVN beside virtual switches is not tested: set" \
            "Q_AGENT=openvswitch, and leave ovn out of" \
            "Q_ML2_PLUGIN_MECHANISM_DRIVERS."
    fi
    if [[ -z "$ZVM_VSWITCH_MAPPINGS" ]]; then
        die $LINENO "ZVM_VSWITCH_MAPPINGS is not set: give the virtual" \
            "switch of each physical network, as physnet:VSWITCH."
    fi
    if [[ -n "$ZVM_SUBNET_RANGE" && \
            ",$ZVM_VSWITCH_MAPPINGS" != *",$ZVM_NETWORK_PHYSICAL:"* ]]; then
        die $LINENO "ZVM_NETWORK_PHYSICAL must be one of the physical" \
            "networks in ZVM_VSWITCH_MAPPINGS, since ZVM_SUBNET_RANGE is set."
    fi
}

# Install
# -------

function zvm_install {
    local extras=
    # nova, Neutron and these are in DevStack's one virtual environment.
    if zvm_is_simulated; then
        setup_develop "$ZVM_DIR/simulator"
    fi
    if zvm_runs_neutron_server; then
        extras=neutron
    fi
    setup_develop "$ZVM_DIR" "$extras"
    if is_service_enabled zvm-simulator; then
        mkdir -p "$ZVM_DATA_DIR"
        "$(zvm_command zvm-simulator)" install-connector \
            --venv "$ZVM_CONNECTOR_VENV"
    fi
}

# Run the simulated z/VM
# ----------------------

# The simulated z/VM keeps its guests over a restart, and stack.sh makes a new
# database, in which instances are numbered from 1 again: so it begins again.
function zvm_start_simulator {
    local command
    stop_process zvm-simulator
    rm -rf "$ZVM_SYSTEM_DIR"
    command="$(zvm_command zvm-simulator) run --dir $ZVM_SYSTEM_DIR"
    command+=" --connector-python $ZVM_CONNECTOR_VENV/bin/python"
    command+=" --port $ZVM_SIMULATOR_PORT --speed $ZVM_SIMULATOR_SPEED"
    command+="${ZVM_SIMULATOR_SCENARIO:+ --scenario \"$ZVM_SIMULATOR_SCENARIO\"}"
    run_process zvm-simulator "$command"
    wait_for_service "$SERVICE_TIMEOUT" "$(zvm_url)" ||
        die $LINENO "The simulated z/VM did not start: its log tells why" \
            "(journalctl --unit devstack@zvm-simulator)."
}

function zvm_url {
    echo "${ZVM_CONNECTOR_URL:-http://127.0.0.1:$ZVM_SIMULATOR_PORT/}"
}

# The plugin never reads the file: nothing of it can come into a log.
function zvm_token_file {
    if zvm_is_simulated; then
        echo "$ZVM_SYSTEM_DIR/$ZVM_SIMULATOR_MEMBER/token.dat"
    else
        echo "$ZVM_CONNECTOR_TOKEN_FILE"
    fi
}

# Where the connector keeps its images, if that is not the connector's default.
function zvm_image_repository {
    if zvm_is_simulated; then
        echo "$ZVM_SYSTEM_DIR/$ZVM_SIMULATOR_MEMBER/images"
    fi
}

# Configure
# ---------

# Set an option of [zvm] in a file, or remove it where the value is empty.
function zvm_set {
    local file=$1 option=$2 value=$3
    if [[ -n "$value" ]]; then
        iniset "$file" zvm "$option" "$value"
    else
        inidelete "$file" zvm "$option"
    fi
}

function zvm_configure_nova {
    local conf
    # DevStack makes the file of nova-compute of nova.conf and of what that
    # file has already: a value of an earlier run would stay.
    for conf in "$NOVA_CONF" "$NOVA_CPU_CONF"; do
        iniset "$conf" DEFAULT compute_driver zvm.ZVMDriver
        # A userid has eight characters.
        iniset "$conf" DEFAULT instance_name_template \
            "$ZVM_INSTANCE_NAME_TEMPLATE"
        zvm_set "$conf" cloud_connector_url "$(zvm_url)"
        zvm_set "$conf" token_file "$(zvm_token_file)"
        zvm_set "$conf" ca_file "$ZVM_CONNECTOR_CA_FILE"
        zvm_set "$conf" disk_pool "$ZVM_DISK_POOL"
        zvm_set "$conf" image_repository "$(zvm_image_repository)"
    done
    # With "error" nova-api refuses its own answer on diagnostics: the schema
    # of that answer knows no driver but nova's.
    iniset "$NOVA_CONF" api response_validation warn
    # nova has a driver of its own under the same name.
    "$(zvm_command nova-zvm-which-driver)" --config-file "$NOVA_CONF" ||
        die $LINENO "nova-compute would not load the driver of nova-zvm:" \
            "install it into nova's environment."
}

# Add to a list in an ini file what it lacks, at its end.
# zvm_add_to_list file section option item ...
function zvm_add_to_list {
    local file=$1 section=$2 option=$3 list item
    shift 3
    list=$(iniget "$file" "$section" "$option")
    for item in "$@"; do
        if [[ ",$list," != *",$item,"* ]]; then
            list=${list:+${list%,},}$item
        fi
    done
    iniset "$file" "$section" "$option" "$list"
}

function zvm_configure_neutron {
    local conf=/$Q_PLUGIN_CONF_FILE drivers networks ranges
    IFS=, read -r -a drivers <<< "$(iniget "$conf" ml2 mechanism_drivers)"
    IFS=, read -r -a networks <<< "$ZVM_VSWITCH_MAPPINGS"
    IFS=, read -r -a ranges <<< "$ZVM_VLAN_RANGES"
    # The first: a driver with an agent on this host would bind the ports.
    iniset "$conf" ml2 mechanism_drivers zvm
    zvm_add_to_list "$conf" ml2 mechanism_drivers "${drivers[@]}"
    # Neutron's default is all types, of which networks of this cloud may have
    # more than those on virtual switches.
    if [[ -n "$(iniget "$conf" ml2 type_drivers)" ]]; then
        zvm_add_to_list "$conf" ml2 type_drivers flat vlan
    fi
    zvm_add_to_list "$conf" ml2_type_flat flat_networks "${networks[@]%%:*}"
    zvm_add_to_list "$conf" ml2_type_vlan network_vlan_ranges "${ranges[@]}"
    iniset "$conf" ml2_zvm hosts "$ZVM_HOSTS"
    iniset "$conf" ml2_zvm vswitch_mappings "$ZVM_VSWITCH_MAPPINGS"
    if [[ -n "$ZVM_BASE_MAC" ]]; then
        iniset "$NEUTRON_CONF" DEFAULT base_mac "$ZVM_BASE_MAC"
    fi
}

function zvm_configure {
    if is_service_enabled zvm-simulator; then
        zvm_start_simulator
    fi
    if is_service_enabled nova; then
        # It runs in the background and writes the same files.
        async_wait configure_neutron_nova
        zvm_configure_nova
    fi
    if zvm_runs_neutron_server; then
        zvm_configure_neutron
    fi
}

# What users find
# ---------------

# zvm_openstack word ...: the client, as DevStack's administrator.
function zvm_openstack {
    openstack --os-cloud devstack-admin "$@"
}

# The id of a thing, if there is one of the name: zvm_id flavor zvm.small
function zvm_id {
    zvm_openstack "$1" show -f value -c id "$2" 2>/dev/null || true
}

# zvm_create_flavor name ram disk
function zvm_create_flavor {
    if [[ -z "$(zvm_id flavor "$1")" ]]; then
        zvm_openstack flavor create --ram "$2" --disk "$3" --vcpus 1 "$1"
    fi
}

# An image for the simulated z/VM: the header that says which disk was
# captured (3338 cylinders are 2.3 GiB), and what is taken for a Linux.
function zvm_make_image {
    printf '%-512s' \
        'xCAT CKD Disk Image:        3338 CYL HLen: 0055 GZIP: 0' > "$1"
    head -c 4096 /dev/zero >> "$1"
}

function zvm_create_images {
    local name missing=() file=$ZVM_IMAGE_FILE distro=$ZVM_IMAGE_OS_DISTRO
    for name in "$ZVM_IMAGE_NAME" $(zvm_image_alt); do
        if [[ -z "$(zvm_id image "$name")" ]]; then
            missing+=("$name")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    mkdir -p "$ZVM_DATA_DIR"
    if [[ -n "$ZVM_IMAGE_URL" ]]; then
        file=$ZVM_DATA_DIR/downloaded.img
        curl --fail --location --output "$file" "$ZVM_IMAGE_URL" ||
            die $LINENO "ZVM_IMAGE_URL cannot be downloaded: see above."
    elif [[ -z "$file" ]] && zvm_is_simulated; then
        file=$ZVM_DATA_DIR/simulated.img
        distro=rhel8.6
        zvm_make_image "$file"
    elif [[ -z "$file" ]]; then
        return
    fi
    for name in "${missing[@]}"; do
        zvm_openstack image create --public --disk-format raw \
            --container-format bare --property hw_architecture=s390x \
            --property "os_distro=$distro" --file "$file" "$name"
    done
}

# The name of the other image that Tempest rebuilds servers from.
function zvm_image_alt {
    if is_service_enabled tempest; then
        echo "$ZVM_IMAGE_NAME-alt"
    fi
}

# A subnet without DHCP: the connector configures the addresses, and no agent
# reaches a virtual switch.
function zvm_create_network {
    local options
    if [[ -z "$ZVM_SUBNET_RANGE" || \
            -n "$(zvm_id network "$ZVM_NETWORK_NAME")" ]]; then
        return
    fi
    read -r -a options <<< "$ZVM_SUBNET_OPTIONS"
    zvm_openstack network create --share --provider-network-type flat \
        --provider-physical-network "$ZVM_NETWORK_PHYSICAL" \
        "$ZVM_NETWORK_NAME"
    zvm_openstack subnet create --network "$ZVM_NETWORK_NAME" --no-dhcp \
        --subnet-range "$ZVM_SUBNET_RANGE" "${options[@]}" \
        "$ZVM_NETWORK_NAME"
}

function zvm_create_resources {
    if is_service_enabled n-api; then
        zvm_create_flavor $ZVM_FLAVOR 1024 3
        zvm_create_flavor $ZVM_FLAVOR_ALT 2048 4
    fi
    if is_service_enabled g-api; then
        zvm_create_images
    fi
    if zvm_runs_neutron_server; then
        zvm_create_network
    fi
}

# Configure Tempest
# -----------------

# What the driver can do, as doc/source/user/support-matrix.ini has it.
function zvm_tempest_features {
    cat <<EOF
attach_encrypted_volume False
change_password False
cold_migration False
config_drive True
console_output True
interface_attach True
live_migration False
live_migrate_back_and_forth False
metadata_service False
pause True
personality True
rescue False
resize False
serial_console False
shelve True
shelve_migrate False
snapshot True
spice_console False
stable_rescue False
suspend False
swap_volume False
vnc_console False
volume_backed_live_migration False
volume_multiattach False
EOF
}

function zvm_configure_tempest {
    local name value
    while read -r name value; do
        iniset "$TEMPEST_CONFIG" compute-feature-enabled "$name" "$value"
    done < <(zvm_tempest_features)
    # No server can have a volume, whether Cinder runs or not.
    iniset "$TEMPEST_CONFIG" service_available cinder False
    # A port that is disabled in Neutron goes on working.
    iniset "$TEMPEST_CONFIG" network-feature-enabled \
        port_admin_state_change False
    zvm_set_tempest_id compute image_ref image "$ZVM_IMAGE_NAME"
    zvm_set_tempest_id compute image_ref_alt image "$(zvm_image_alt)"
    zvm_set_tempest_id compute flavor_ref flavor $ZVM_FLAVOR
    zvm_set_tempest_id compute flavor_ref_alt flavor $ZVM_FLAVOR_ALT
    if [[ -n "$ZVM_SUBNET_RANGE" ]]; then
        iniset "$TEMPEST_CONFIG" compute fixed_network_name \
            "$ZVM_NETWORK_NAME"
    fi
    if zvm_is_simulated; then
        zvm_configure_tempest_networks
        # Nothing answers on the network of a simulated guest.
        iniset "$TEMPEST_CONFIG" validation run_validation False
    elif [[ -n "$ZVM_SUBNET_RANGE" ]]; then
        # All servers on the one network, since Tempest logs in there: no
        # router that this host has leads to the VLANs of a virtual switch.
        iniset "$TEMPEST_CONFIG" auth create_isolated_networks False
        iniset "$TEMPEST_CONFIG" network-feature-enabled floating_ips False
        iniset "$TEMPEST_CONFIG" validation connect_method fixed
        iniset "$TEMPEST_CONFIG" validation network_for_ssh \
            "$ZVM_NETWORK_NAME"
    fi
}

# A network for each project, in a VLAN of its own, and floating addresses on
# DevStack's external network: Neutron keeps them, and no agent is needed.
function zvm_configure_tempest_networks {
    local floating=False
    if [[ -n "$(zvm_id network "$PUBLIC_NETWORK_NAME")" ]]; then
        floating=True
    fi
    iniset "$TEMPEST_CONFIG" auth create_isolated_networks True
    iniset "$TEMPEST_CONFIG" network-feature-enabled floating_ips $floating
    zvm_set_tempest_id network public_network_id network "$PUBLIC_NETWORK_NAME"
}

# zvm_set_tempest_id section option kind name
function zvm_set_tempest_id {
    local id
    id=$(zvm_id "$3" "$4")
    if [[ -n "$id" ]]; then
        iniset "$TEMPEST_CONFIG" "$1" "$2" "$id"
    fi
}

# The phases
# ----------

if [[ "$1" == stack && "$2" == pre-install ]]; then
    zvm_check_settings
elif [[ "$1" == stack && "$2" == install ]]; then
    echo_summary "Installing nova-zvm"
    zvm_install
elif [[ "$1" == stack && "$2" == post-config ]]; then
    echo_summary "Configuring nova and Neutron for z/VM"
    zvm_configure
elif [[ "$1" == stack && "$2" == extra ]]; then
    echo_summary "Creating flavors, image and network for z/VM"
    zvm_create_resources
elif [[ "$1" == stack && "$2" == test-config ]]; then
    if is_service_enabled tempest; then
        echo_summary "Configuring Tempest for z/VM"
        zvm_configure_tempest
    fi
elif [[ "$1" == unstack ]]; then
    stop_process zvm-simulator
elif [[ "$1" == clean ]]; then
    # It is in DevStack's virtual environment as long as that is there.
    pip_uninstall nova-zvm
    pip_uninstall zvm-simulator
    rm -rf "$ZVM_DATA_DIR"
fi
